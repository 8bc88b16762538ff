/** A study's page: how far it is, live; its result when it is there; charts when they are seen. */

import htmx from "htmx.org";
import { Live } from "../live.js";
import { setText } from "../cells.js";
import { moment, milliseconds } from "../format.js";
import { drawCurves } from "./curves.js";
import { drawPlots } from "./plots.js";

const live = new Live("/ws/");
let leave = () => {};

document.addEventListener("htmx:after:swap", () => shown());
document.addEventListener("submit", (event) => {
  const question = /** @type {HTMLElement | null} */ (event.submitter)?.dataset.asks;
  if (question && !window.confirm(question)) event.preventDefault();
});
shown();
if (document.querySelector("#study[data-moving]")) live.open();

/** The page is new, or a part of it is. */
function shown() {
  drawCurves(document);
  drawPlots(document);
  const trades = document.getElementById("trades-chart");
  if (trades) import("./trades_chart.js").then(({ drawTrades }) => drawTrades(trades)); // with its library, where there is one
  const study = /** @type {HTMLElement | null} */ (document.getElementById("study"));
  leave();
  leave = () => {};
  if (study && "moving" in study.dataset) leave = live.subscribe([`jobs:${study.dataset.id}`], ({ type, data }) => take(study, type, data));
}

/**
 * @param {HTMLElement} study
 * @param {string} type
 * @param {any} data
 */
function take(study, type, data) {
  if (type === "job_deleted") return location.assign("/research/");
  if (data.state && data.state !== study.dataset.state) return htmx.trigger(study, "refresh");
  if (data.progress === undefined) return;
  const percent = Math.round(100 * data.progress);
  const bar = /** @type {HTMLProgressElement | null} */ (document.getElementById("progress"));
  if (bar) bar.value = percent;
  say("percent", `${percent}%`);
  if (data.step) say("step", data.step);
  const eta = milliseconds(data.eta);
  say("eta", eta === null ? "" : `until about ${moment(eta, true).slice(11)}`);
}

/**
 * @param {string} id
 * @param {string} text
 */
function say(id, text) {
  const element = document.getElementById(id);
  if (element) setText(element, text);
}
