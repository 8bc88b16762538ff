/** "Trades of …": the menu of a person's backtests of this market, and their trades on the chart. */

import { get } from "../api.js";
import { byId, element, setText, targetOf } from "../cells.js";
import { TripCard } from "./chart/trip_card.js";
import { Trips } from "./chart/trips.js";
import { priceDecimals } from "./instruments.js";

const OFFERED = "/api/dashboard/charts/backtests/";

/** @typedef {{id: string, name: string, timeframe: string, trades: number, ended: string | null}} Offered */

export class Backtests {
  #menu = byId("trades-menu");
  /** @type {Offered | null} */
  #shown = null;
  #row = element("span", { class: "study trades-of", hidden: "" });
  #name = element("span", {});

  /**
   * @param {{chart: import("./chart/chart.js").Chart, desk: import("./desk.js").Desk,
   *   notices: import("./notices.js").Notices}} parts
   */
  constructor({ chart, desk, notices }) {
    this.desk = desk;
    this.notices = notices;
    this.trips = new Trips(chart.candles);
    this.card = new TripCard(byId("plot"), chart.api, this.trips, () => priceDecimals(desk.instrument));
    const away = element("button", { type: "button", class: "away", "aria-label": "Take these trades off the chart" }, "✕");
    away.addEventListener("click", () => this.#leave());
    this.#row.append(this.#name, away);
    byId("legend").append(this.#row);
    this.#menu.addEventListener("click", (event) => this.#choose(/** @type {HTMLElement | null} */ (targetOf(event).closest("[data-id]"))));
    desk.addEventListener("symbol", () => this.#leave());
  }

  /** Fill the menu, which opens. */
  async offer() {
    const { symbol } = this.desk;
    this.#menu.replaceChildren(element("p", { class: "dim" }, "Loading your backtests…"));
    try {
      const offered = /** @type {Offered[]} */ (await get(OFFERED, { symbol }));
      if (symbol !== this.desk.symbol) return;
      this.#menu.replaceChildren(...offered.map((each) => this.#item(each)));
      if (!offered.length) this.#menu.append(element("p", { class: "dim" }, `No backtest of yours traded ${symbol} yet. `), element("a", { href: "/research/new/" }, "Run one"));
    } catch (problem) {
      this.#menu.replaceChildren(element("p", { class: "dim" }, problem.message));
    }
  }

  /** @param {Offered} offered */
  #item({ id, name, timeframe, trades }) {
    const about = element("span", { class: "dim" }, `${timeframe} · ${trades} trades`);
    return element("button", { type: "button", class: "btn", "data-id": id, "data-name": name, "aria-pressed": String(id === this.#shown?.id) }, name, " ", about);
  }

  /** @param {HTMLElement | null} item */
  async #choose(item) {
    if (!item) return;
    this.#menu.hidePopover();
    if (item.dataset.id === this.#shown?.id) return this.#leave();
    await this.#show(item.dataset.id, item.dataset.name);
  }

  /** @param {string} id that stands in the page's address */
  async showAsked(id) {
    const offered = /** @type {Offered[]} */ (await get(OFFERED, { symbol: this.desk.symbol }).catch(() => []));
    const found = offered.find((each) => each.id === id);
    if (found) await this.#show(found.id, found.name);
  }

  /**
   * @param {string} id
   * @param {string} name
   */
  async #show(id, name) {
    const { symbol } = this.desk;
    try {
      const trades = await get(`/api/research/backtests/${id}/trades/`, { symbol });
      if (symbol !== this.desk.symbol) return;
      this.#shown = { id, name, timeframe: trades.timeframe, trades: trades.side.length, ended: null };
      this.trips.show(trades);
      const left = trades.left_off ? `, the newest ${trades.side.length}` : "";
      setText(this.#name, `Trades of ${name}, ${trades.timeframe}${left}`);
      this.#row.hidden = false;
    } catch (problem) {
      this.notices.tell("WARNING", "Trades", problem.message);
    }
  }

  #leave() {
    this.#shown = null;
    this.trips.show(null);
    this.card.hide();
    this.#row.hidden = true;
  }
}
