/** What is written at the marks of fills: one caption a bar, and none over another. */

import { fixed, signed } from "../../format.js";

const LETTER_PX = 6.7; // of the chart's font, at its size
const APART_PX = 8;

/** @typedef {import("./marks.js").Mark} Mark */

/**
 * The caption of each mark; empty where another one stands. The newest go first.
 * @param {Mark[]} marks oldest first; of one bar there may be one of each side
 * @param {number | null} lots decimals of a quantity
 * @param {(time: number) => number} placeOf which bar, counted from any
 * @param {number} spacing px from bar to bar
 * @returns {string[]}
 */
export function captions(marks, lots, placeOf, spacing) {
  const written = marks.map(() => "");
  let free = Infinity; // px from the first bar on, to the left of which nothing is written yet
  for (let last = marks.length - 1; last >= 0; ) {
    let first = last;
    while (marks[first - 1]?.time === marks[last].time) first -= 1;
    const text = caption(marks.slice(first, last + 1), lots);
    const half = (text.length * LETTER_PX) / 2;
    const x = placeOf(marks[last].time) * spacing;
    if (x + half <= free) {
      written[last] = text;
      free = x - half - APART_PX;
    }
    last = first - 1;
  }
  return written;
}

/**
 * @param {Mark[]} marks of one bar
 * @param {number | null} lots
 */
function caption(marks, lots) {
  const [buy, sell] = marks.length > 1 ? ["↑", "↓"] : ["Buy ", "Sell "]; // of the newest bar there is little room
  const sides = marks.map(({ side, quantity }) => (side === "buy" ? buy : sell) + fixed(quantity, lots));
  const profit = marks.reduce((sum, { realized_pnl: each }) => sum + each, 0);
  return sides.join(" ") + (profit ? `  ${signed(profit)}` : "");
}
