/** Puts the page of charts together: one connection, the panes, and what they share. */

import { send } from "../api.js";
import { byId, part, setText } from "../cells.js";
import { Live } from "../live.js";
import { Catalogue } from "../terminal/chart/catalogue.js";
import { doubtOf, veil } from "../terminal/doubt.js";
import { Instruments } from "../terminal/instruments.js";
import { indicatorsDialog } from "../terminal/pick.js";
import { Search } from "../terminal/search.js";
import { SharedCrosshair } from "./crosshair.js";
import { Pane } from "./pane.js";

const PATH = "/api/preferences/panes/";
const LINGER_MS = 150; // an order that eats through the book is many fills

/**
 * @typedef {import("./pane.js").Choice} Choice
 * @typedef {object} Start what the server knew when it made the page
 * @property {number} shown
 * @property {Choice[]} panes as many as there may be
 * @property {number} most indicators of a pane
 * @property {import("../terminal/chart/catalogue.js").Kind[]} kinds
 * @property {Record<string, number>} intervals name → seconds, shortest first
 * @property {import("../terminal/desk.js").Instrument[]} instruments
 * @property {number | null} account
 */

/** @type {Start} */
const start = JSON.parse(byId("start").textContent);
const place = byId("panes");
const live = new Live("/ws/");
const instruments = new Instruments(start.instruments);
const notices = { tell: (/** @type {string} */ _severity, /** @type {string} */ title, message = "") => setText(byId("charts-said"), `${title}: ${message}`) };
const shared = {
  live,
  instruments,
  notices,
  lengths: start.intervals,
  catalogue: new Catalogue(start.kinds),
  most: start.most,
  search: new Search({ instruments }),
  pick: indicatorsDialog(),
  account: start.account,
  fills: new EventTarget(),
};
let { shown, panes: choices } = start;
/** Those that have been looked at, by place. @type {Map<number, Pane>} */
const panes = new Map();
const crosshair = new SharedCrosshair();
/** State of each venue's feed. @type {Map<string, string>} */
const feeds = new Map();
/** @type {Promise<unknown>} changes are sent one after the other */
let sending = Promise.resolve();

for (const button of byId("layouts").querySelectorAll("button")) {
  button.addEventListener("click", () => {
    shown = Number(button.value);
    lay();
    keep().catch((/** @type {Error} */ problem) => notices.tell("WARNING", "Charts", problem.message));
  });
}
if (start.account !== null) followFills(start.account);
live.subscribe(["feeds"], ({ type, data }) => {
  if (type === "feeds_snapshot") feeds.clear();
  else if (type !== "feed_health") return;
  for (const [venue, { state }] of Object.entries(data)) if (state) feeds.set(venue, state);
  judge();
});
live.addEventListener("engine", () => {
  if (!live.engineIsAway) refresh();
  judge();
});
live.addEventListener("state", (/** @type {CustomEvent} */ event) => {
  if (event.detail.downFor) refresh();
  judge();
});
lay();
live.open();
instruments.load().catch((problem) => notices.tell("WARNING", "Instruments", problem.message));

/** Show as many as are wanted; a chart begins when it is first shown. */
function lay() {
  place.dataset.shown = String(shown);
  for (const button of byId("layouts").querySelectorAll("button")) button.setAttribute("aria-pressed", String(Number(button.value) === shown));
  choices.forEach((choice, at) => {
    const panel = part(place, `[data-pane="${at}"]`);
    const isOther = panel.hidden !== at >= shown;
    panel.hidden = at >= shown;
    if (isOther) panes.get(at)?.chart.beSeen(at < shown);
    if (at >= shown || panes.has(at)) return;
    const pane = new Pane(panel, choice, { ...shared, keep: (change) => keep(at, change) });
    panes.set(at, pane);
    crosshair.add(pane.chart);
    pane.desk.addEventListener("symbol", judge);
  });
  judge();
}

/** Say over each chart whether it is to be trusted. */
function judge() {
  for (const [at, { desk }] of panes) veil(part(place, `[data-pane="${at}"]`), doubtOf(live, feeds.get(desk.instrument?.venue)));
}

/**
 * Have the server judge and keep what is shown.
 * @param {number} [at] of the pane that changes
 * @param {Partial<Choice>} [change]
 * @returns {Promise<Choice>} the pane as it is kept
 */
function keep(at = 0, change = {}) {
  const sent = sending.then(async () => {
    const wanted = choices.with(at, { ...choices[at], ...change });
    const kept = await send("PUT", PATH, { shown, panes: wanted });
    choices = kept.panes;
    return choices[at];
  });
  sending = sent.catch(() => {}); // who asked is told; the next change is another matter
  return sent;
}

/** What was missed while the connection or the engine was away. */
function refresh() {
  for (const [at, { chart }] of panes) if (at < shown) chart.refresh();
}

/** @param {number} account whose fills are told of */
function followFills(account) {
  let timer = 0;
  live.subscribe([`orders:${account}`], ({ type, data }) => {
    if (type !== "orders_snapshot" && !data.fill) return;
    clearTimeout(timer);
    timer = setTimeout(() => shared.fills.dispatchEvent(new Event("change")), LINGER_MS);
  });
}
