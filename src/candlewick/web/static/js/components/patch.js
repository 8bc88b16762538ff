/**
 * Figures of a component that move: each `data-cell` names a field, its `data-format` how it is written.
 * The server writes them first, in the same words (`candlewick/web/components/figures.py`).
 */

import { amount, direction, fixed, percent, share, signed } from "../format.js";
import { setPrice, setText } from "../cells.js";

const MONEY = 2;

/** @type {Record<string, (value: number | null, places: number | null) => string>} */
const WRITE = {
  price: (value, places) => fixed(value, places),
  amount: (value) => amount(value),
  money: (value) => fixed(value, MONEY),
  signed: (value) => signed(value, MONEY),
  percent: (value) => percent(value),
  share: (value) => share(value),
};

/**
 * Write the fields of `data` into the cells below `root`; a field that it does not have is left alone.
 * @param {HTMLElement} root its `data-places` are the decimals of its prices
 * @param {Record<string, any>} data
 */
export function patch(root, data) {
  const places = root.dataset.places ? Number(root.dataset.places) : null;
  for (const cell of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll("[data-cell][data-format]"))) {
    const value = data[cell.dataset.cell];
    if (value === undefined) continue;
    const text = WRITE[cell.dataset.format](value, places);
    if ("flash" in cell.dataset) setPrice(cell, value, text);
    else setText(cell, text);
    if (cell.classList.contains("dir") || cell.dataset.format === "signed") point(cell, text, value);
  }
  for (const meter of /** @type {NodeListOf<HTMLMeterElement>} */ (root.querySelectorAll("meter[data-meter]"))) {
    const value = data[meter.dataset.meter];
    if (value === undefined) continue;
    meter.value = value ?? 0;
    const gauge = /** @type {HTMLElement | null} */ (meter.closest(".gauge"));
    if (gauge) gauge.dataset.level = level(value, meter.low, meter.high);
  }
}

/**
 * Up, down or neither, as the text itself says it: what rounds to nothing points nowhere.
 * @param {HTMLElement} cell
 * @param {string} text
 * @param {number | null} value
 */
function point(cell, text, value) {
  const way = /[1-9]/.test(text) ? direction(value) : "";
  cell.classList.toggle("up", way === "up");
  cell.classList.toggle("down", way === "down");
}

/**
 * @param {number | null} value
 * @param {number} low
 * @param {number} high
 */
function level(value, low, high) {
  if (value === null) return "unknown";
  return value >= high ? "crit" : value >= low ? "warn" : "calm";
}
