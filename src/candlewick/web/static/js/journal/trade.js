/** A trade's page: its chart, and asking before something is taken away. */

import { byId } from "../cells.js";
import { drawTrade } from "./chart.js";

const drawn = JSON.parse(byId("drawn").textContent ?? "");
drawTrade(byId("trade-chart"), byId("chart-said"), drawn);

document.addEventListener("submit", (event) => {
  const question = /** @type {HTMLElement | null} */ (event.submitter)?.dataset.asks;
  if (question && !window.confirm(question)) event.preventDefault();
});
