/** Where the account bought and sold, on the chart: an arrow at the price, with the profit that was closed. */

import { createSeriesMarkers } from "lightweight-charts";
import { get } from "../../api.js";
import { draw } from "../../frame.js";
import { quantityDecimals } from "../instruments.js";
import { captions } from "./captions.js";
import { DOWN, UP } from "./theme.js";

/** @typedef {{time: number, side: "buy" | "sell", price: number, quantity: number, realized_pnl: number}} Mark */

export class Marks {
  /** @type {AbortController} */
  #asking = new AbortController();
  /** Oldest first. @type {Mark[]} */
  #marks = [];
  #room = "";

  /**
   * @param {{chart: import("./chart.js").Chart, desk: import("../desk.js").Desk, account: number, fills: EventTarget}} parts
   *   `fills` says by `change` that the account may have others
   */
  constructor({ chart, desk, account, fills }) {
    this.chart = chart;
    this.desk = desk;
    this.account = account;
    this.markers = createSeriesMarkers(chart.candles.history, [], { autoScale: false });
    fills.addEventListener("change", () => this.#load());
    desk.addEventListener("symbol", () => {
      this.#show([]);
      this.#load();
    });
    desk.addEventListener("interval", () => this.#load());
    chart.api.timeScale().subscribeVisibleLogicalRangeChange(() => this.#measure());
  }

  /** Fills of one candle and side come as one mark, added up by the server. */
  async #load() {
    this.#asking.abort();
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    const { symbol, interval } = this.desk;
    try {
      const marks = await get("/api/fills/marks/", { account: this.account, symbol, interval }, signal);
      if (!signal.aborted) this.#show(marks);
    } catch {
      if (!signal.aborted) this.#show([]); // the list of fills says what is wrong
    }
  }

  /** @param {Mark[]} marks oldest first */
  #show(marks) {
    this.#marks = marks;
    this.#draw();
  }

  /** Bars that stand closer together or farther apart leave room for other captions; moving them does not. */
  #measure() {
    const room = `${this.#spacing} ${this.chart.candles.length}`;
    if (room === this.#room || !this.#marks.length) return;
    this.#room = room;
    draw(this, () => this.#draw());
  }

  get #spacing() {
    return this.chart.api.timeScale().options().barSpacing;
  }

  #draw() {
    const { candles } = this.chart;
    const lots = quantityDecimals(this.desk.instrument);
    const written = captions(this.#marks, lots, (time) => candles.placeOf(time), this.#spacing);
    this.markers.setMarkers(
      this.#marks.map(({ time, side, price }, at) => {
        const isBuy = side === "buy";
        return {
          time: /** @type {any} */ (time),
          position: isBuy ? "atPriceBottom" : "atPriceTop",
          price,
          shape: isBuy ? "arrowUp" : "arrowDown",
          color: isBuy ? UP : DOWN,
          text: written[at],
        };
      }),
    );
  }
}
