/** Health of every venue's feed: state, latency, messages a second, gaps. */

import { draw } from "../frame.js";
import { compact, fixed, UNKNOWN } from "../format.js";
import { byId, element, setState, setText } from "../cells.js";

/**
 * @typedef {object} Health
 * @property {string} title of the venue
 * @property {"connecting" | "live" | "stale" | "disconnected"} state
 * @property {number | null} latency_ms
 * @property {number | null} messages_s
 * @property {number | null} gaps
 * @property {number | null} [clock_skew_ms]
 */

const WORDS = { live: "Live", connecting: "Connecting", stale: "Stale", disconnected: "Disconnected" };

/** `change` says that some feed's state may have changed. */
export class Feeds extends EventTarget {
  /** @type {Map<string, Health>} */
  #feeds = new Map();
  /** @type {Map<string, Record<string, HTMLElement>>} */
  #rows = new Map();
  #panel = byId("feeds");
  #body = byId("feed-rows");

  /** @param {{live: import("../live.js").Live, desk: import("./desk.js").Desk}} parts */
  constructor({ live, desk }) {
    super();
    this.desk = desk;
    this.live = live;
    live.subscribe(["feeds"], (message) => this.#take(message));
    desk.addEventListener("symbol", () => this.#drawSoon());
  }

  /**
   * @param {string | undefined} venue
   * @returns {Health | undefined}
   */
  of(venue) {
    return this.#feeds.get(venue);
  }

  /** Nothing is known any more: the page has lost its server or the server its engine. */
  forget() {
    for (const health of this.#feeds.values()) {
      Object.assign(health, { state: "disconnected", latency_ms: null, messages_s: null, clock_skew_ms: null });
    }
    this.#drawSoon();
  }

  /** @param {import("../live.js").Message} message */
  #take({ type, data }) {
    if (type === "feeds_snapshot") this.#feeds.clear();
    else if (type !== "feed_health") return;
    for (const [venue, health] of Object.entries(data)) {
      this.#feeds.set(venue, { ...this.#feeds.get(venue), ...health });
    }
    if (this.live.engineIsAway) this.forget(); // what the server remembers of an engine that is gone
    this.#drawSoon();
  }

  #drawSoon() {
    draw(this, () => {
      this.#draw();
      this.dispatchEvent(new Event("change"));
    });
  }

  #draw() {
    const gone = [...this.#rows.keys()].filter((venue) => !this.#feeds.has(venue));
    for (const venue of gone) {
      this.#rows.get(venue).tr.remove();
      this.#rows.delete(venue);
    }
    for (const [venue, health] of this.#feeds) this.#fill(this.#row(venue, health), health);
    if (this.#feeds.size) setState(this.#panel, "live");
    else setState(this.#panel, "loading", "Waiting for the engine…");
    this.#drawSummary();
  }

  /** In the top bar: the feed of the venue that is looked at. */
  #drawSummary() {
    const health = this.of(this.desk.instrument?.venue);
    const summary = byId("feed-summary");
    summary.dataset.state = health?.state ?? "connecting";
    setText(summary, health?.state === "live" ? latency(health) : (WORDS[health?.state] ?? "Connecting"));
  }

  /**
   * @param {string} venue
   * @param {Health} health
   */
  #row(venue, { title }) {
    let row = this.#rows.get(venue);
    if (row) return row;
    const name = element("th", { scope: "row" }, title);
    const state = element("span", { class: "state" });
    const cells = ["latency", "rate", "gaps", "skew"].map((key) => element("td", { class: key === "skew" ? "num c-wide" : "num" }));
    const tr = element("tr", {}, name, element("td", {}, state), ...cells);
    this.#body.append(tr);
    row = { tr, state, latency: cells[0], rate: cells[1], gaps: cells[2], skew: cells[3] };
    this.#rows.set(venue, row);
    return row;
  }

  /**
   * @param {Record<string, HTMLElement>} row
   * @param {Health} health
   */
  #fill(row, health) {
    row.state.dataset.state = health.state;
    setText(row.state, WORDS[health.state] ?? health.state);
    setText(row.latency, latency(health));
    setText(row.rate, health.messages_s === null || health.messages_s === undefined ? UNKNOWN : compact(Math.round(health.messages_s)));
    setText(row.gaps, fixed(health.gaps, 0));
    setText(row.skew, health.clock_skew_ms === null || health.clock_skew_ms === undefined ? UNKNOWN : `${fixed(health.clock_skew_ms, 0)} ms`);
  }
}

/** @param {Health} health */
function latency({ latency_ms: value }) {
  if (value === null || value === undefined) return UNKNOWN;
  return `${fixed(value, value < 10 ? 1 : 0)} ms`;
}
