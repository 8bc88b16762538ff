/** Where the account bought and sold, on the chart: an arrow at the price, with the profit that was closed. */

import { createSeriesMarkers } from "lightweight-charts";
import { get } from "../../api.js";
import { fixed, signed } from "../../format.js";
import { quantityDecimals } from "../instruments.js";
import { DOWN, UP } from "./theme.js";

/** @typedef {{time: number, side: "buy" | "sell", price: number, quantity: number, realized_pnl: number}} Mark */

export class Marks {
  /** @type {AbortController} */
  #asking = new AbortController();

  /**
   * @param {{chart: import("./chart.js").Chart, desk: import("../desk.js").Desk, account: number, fills: EventTarget}} parts
   *   `fills` says by `change` that the account may have others
   */
  constructor({ chart, desk, account, fills }) {
    this.desk = desk;
    this.account = account;
    this.markers = createSeriesMarkers(chart.candles.history, [], { autoScale: false });
    fills.addEventListener("change", () => this.#load());
    desk.addEventListener("symbol", () => {
      this.markers.setMarkers([]);
      this.#load();
    });
    desk.addEventListener("interval", () => this.#load());
  }

  /** Fills of one candle and side come as one mark, added up by the server. */
  async #load() {
    this.#asking.abort();
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    const { symbol, interval } = this.desk;
    try {
      const marks = await get("/api/fills/marks/", { account: this.account, symbol, interval }, signal);
      if (!signal.aborted) this.#draw(marks);
    } catch {
      if (!signal.aborted) this.markers.setMarkers([]); // the list of fills says what is wrong
    }
  }

  /** @param {Mark[]} marks oldest first */
  #draw(marks) {
    const lots = quantityDecimals(this.desk.instrument);
    this.markers.setMarkers(
      marks.map(({ time, side, price, quantity, realized_pnl: profit }) => {
        const isBuy = side === "buy";
        return {
          time: /** @type {any} */ (time),
          position: isBuy ? "atPriceBottom" : "atPriceTop",
          price,
          shape: isBuy ? "arrowUp" : "arrowDown",
          color: isBuy ? UP : DOWN,
          text: `${isBuy ? "Buy" : "Sell"} ${fixed(quantity, lots)}${profit ? `  ${signed(profit)}` : ""}`,
        };
      }),
    );
  }
}
