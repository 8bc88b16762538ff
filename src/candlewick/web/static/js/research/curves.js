/** The curves of a result: equity and what hangs below it, over one axis of time. */

import { Curve } from "../performance/curve.js";

const LOOKS = {
  equity: { title: "Equity", color: "#ffd700", fill: "rgba(255, 215, 0, .07)", unit: "" },
  drawdown: { title: "Drawdown", color: "#ff7382", fill: "rgba(255, 115, 130, .16)", unit: "%" },
};

/** @param {ParentNode} part of the page that may hold some */
export function drawCurves(part) {
  const source = part.querySelector("#curves:not([data-drawn])");
  if (!(source instanceof HTMLElement)) return;
  source.dataset.drawn = "";
  const curves = JSON.parse(source.textContent ?? "{}");
  for (const place of part.querySelectorAll("[data-curve]")) {
    const name = /** @type {HTMLElement} */ (place).dataset.curve ?? "";
    if (curves[name]) new Curve(/** @type {HTMLElement} */ (place), { ...LOOKS[name], data: curves[name] });
  }
}
