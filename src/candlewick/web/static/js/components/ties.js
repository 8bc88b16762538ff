/**
 * What ties the components of a page to the live channels: prices move figures in place; what changes the
 * structure (a position more or less, another state) has the server draw the component anew.
 */

import { noticeRow } from "../notice.js";
import { patch } from "./patch.js";
import { refresh } from "./kernel.js";

const LINGER_MS = 80; // one fill is several events; they are drawn together
const CHANNELS = ["portfolio", "positions", "orders", "risk"];
const ALERTS_KEPT = 20;

/** @typedef {import("../live.js").Message} Message */

export class Ties {
  /** @type {Map<string, number>} */
  #due = new Map();
  /** @type {import("../notice.js").Notice[]} oldest first */
  #told = [];

  /**
   * @param {import("../live.js").Live} live
   * @param {number | null} account
   */
  constructor(live, account) {
    live.subscribe(["tickers"], ({ type, data }) => type === "tickers" && this.#tickers(data));
    live.subscribe(["prices"], ({ type, data }) => type === "price_tick" && this.#prices(data));
    document.addEventListener("htmx:after:swap", () => this.#feed());
    live.addEventListener("engine", () => live.engineIsAway || this.#refreshAll());
    live.addEventListener("state", (/** @type {CustomEvent} */ event) => {
      if (event.detail.state === "live" && event.detail.downFor) this.#refreshAll();
    });
    if (account === null) return;
    live.subscribe([`alerts:${account}`], ({ type, data }) => this.#alerts(type === "alert" ? [data] : data));
    live.subscribe(
      CHANNELS.map((channel) => `${channel}:${account}`),
      (message) => this.#take(message),
    );
  }

  /** @param {Message} message */
  #take({ type, channel, data }) {
    if (type === "position_update") this.#position(data);
    else if (type === "positions_snapshot") this.#positions(data);
    else if (type === "position_changed") this.#refreshSoon("portfolio");
    else if (channel === "portfolio") this.#portfolio(data);
    else if (channel === "orders" && type !== "orders_snapshot") this.#refreshSoon("portfolio");
    else if (type === "risk_breach") this.#refreshSoon("risk_metrics");
    else if (channel === "risk") this.#risk(data);
  }

  /** @param {Record<string, any>} data */
  #position(data) {
    for (const component of all("portfolio")) {
      const row = rowOf(component, data.symbol);
      if (row) patch(row, data);
      else this.#refreshSoon("portfolio");
    }
  }

  /** @param {Record<string, any>[]} held */
  #positions(held) {
    for (const component of all("portfolio")) {
      const rows = component.querySelectorAll("tbody [data-row]").length;
      if (rows !== held.length || held.some(({ symbol }) => !rowOf(component, symbol))) this.#refreshSoon("portfolio");
    }
    for (const data of held) this.#position(data);
  }

  /** @param {Record<string, any>} data */
  #portfolio(data) {
    for (const row of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('[data-of="portfolio"]'))) patch(row, data);
  }

  /** @param {Record<string, any>} data */
  #risk(data) {
    for (const component of all("risk_metrics")) {
      if (isOfOtherShape(component, data)) this.#refreshSoon("risk_metrics");
      for (const row of /** @type {NodeListOf<HTMLElement>} */ (component.querySelectorAll('[data-row=""]'))) patch(row, data);
      for (const use of data.uses) patchNamed(component, "data-use", use.code, use);
      for (const sector of data.sectors) patchNamed(component, "data-sector", sector.name, sector);
    }
  }

  /**
   * What was told comes again in a snapshot, and what has no number is in none: each is shown once.
   * @param {import("../notice.js").Notice[]} alerts
   */
  #alerts(alerts) {
    const told = new Map([...this.#told, ...alerts].map((each) => [`${each.timestamp}|${each.title}|${each.message}`, each]));
    this.#told = [...told.values()].sort((a, b) => Date.parse(a.timestamp) - Date.parse(b.timestamp)).slice(-ALERTS_KEPT);
    this.#feed();
  }

  /** The feed of alerts, on a page that has one; a component that was drawn anew gets it again. */
  #feed() {
    for (const list of document.querySelectorAll('[data-feed="alerts"] ul')) {
      list.replaceChildren(...this.#told.map(noticeRow).reverse());
    }
  }

  /** @param {Record<string, any>} data */
  #tickers(data) {
    for (const component of all("watchlist")) {
      for (const [symbol, ticker] of Object.entries(data)) {
        const row = rowOf(component, symbol);
        if (!row) continue;
        patch(row, ticker);
        if (ticker.stale !== undefined) row.classList.toggle("stale", ticker.stale);
      }
    }
  }

  /** @param {Record<string, number>} data */
  #prices(data) {
    for (const component of all("watchlist")) {
      for (const [symbol, last] of Object.entries(data)) {
        const row = rowOf(component, symbol);
        if (row) patch(row, { last });
      }
    }
  }

  /** What was missed is not known: everything is drawn anew. */
  #refreshAll() {
    for (const component of document.querySelectorAll("[data-component], [data-placeholder]")) {
      if (!component.matches('[data-component="order"]')) refresh(component); // a ticket holds what somebody types
    }
  }

  /** @param {string} name */
  #refreshSoon(name) {
    if (this.#due.has(name)) return;
    this.#due.set(
      name,
      setTimeout(() => {
        this.#due.delete(name);
        for (const component of all(name)) refresh(component);
      }, LINGER_MS),
    );
  }
}

/** @param {string} name */
function all(name) {
  return /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(`[data-component="${name}"]`));
}

/**
 * @param {HTMLElement} component
 * @param {string} symbol
 */
function rowOf(component, symbol) {
  return /** @type {HTMLElement | null} */ (component.querySelector(`[data-row="${CSS.escape(symbol)}"]`));
}

/**
 * Whether the figures no longer fit what the server has drawn: another state, another number of rows.
 * @param {HTMLElement} component
 * @param {Record<string, any>} data
 */
function isOfOtherShape(component, data) {
  const count = (/** @type {string} */ selector) => component.querySelectorAll(selector).length;
  const { state, kill, open_orders: orders, open_positions: positions } = data;
  const drawnAt = state === "ACTIVE" && !kill.active ? "" : `${kill.active ? "at work" : "done"} ${orders}/${positions}`;
  return (
    !count(`[data-trading-state="${state}"]`) ||
    !count(`[data-kill="${drawnAt}"]`) ||
    count("[data-use]") !== data.uses.length ||
    count("[data-sector]") !== data.sectors.length
  );
}

/**
 * @param {HTMLElement} component
 * @param {string} attribute
 * @param {string} name
 * @param {Record<string, any>} data
 */
function patchNamed(component, attribute, name, data) {
  const row = /** @type {HTMLElement | null} */ (component.querySelector(`[${attribute}="${CSS.escape(name)}"]`));
  if (row) patch(row, data);
}
