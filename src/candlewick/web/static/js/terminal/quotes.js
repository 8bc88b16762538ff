/** The newest 24 h figures and prices of every instrument, as the server sent them. */

import { draw } from "../frame.js";

/**
 * @typedef {object} Ticker
 * @property {string} symbol
 * @property {number | null} last
 * @property {number | null} bid
 * @property {number | null} ask
 * @property {number | null} change
 * @property {number | null} change_pct
 * @property {number | null} high
 * @property {number | null} low
 * @property {number | null} volume
 * @property {boolean} stale whether the engine doubts what it knows
 */

/** `change` events, one a frame, carry the set of symbols that changed in `detail`. */
export class Quotes extends EventTarget {
  /** @type {Map<string, Ticker>} */
  #tickers = new Map();
  /** @type {Set<string>} */
  #changed = new Set();

  /** @param {import("../live.js").Live} live */
  constructor(live) {
    super();
    live.subscribe(["tickers"], ({ type, data }) => type === "tickers" && this.#merge(data));
    live.subscribe(["prices"], ({ type, data }) => type === "price_tick" && this.#mergePrices(data));
  }

  /** @param {string} symbol */
  get(symbol) {
    return this.#tickers.get(symbol);
  }

  /** @param {Record<string, Ticker>} data */
  #merge(data) {
    for (const [symbol, ticker] of Object.entries(data)) {
      this.#tickers.set(symbol, { ...this.#tickers.get(symbol), ...ticker });
      this.#changed.add(symbol);
    }
    this.#announce();
  }

  /** @param {Record<string, number>} data */
  #mergePrices(data) {
    for (const [symbol, last] of Object.entries(data)) {
      this.#tickers.set(symbol, { ...this.#tickers.get(symbol), symbol, last });
      this.#changed.add(symbol);
    }
    this.#announce();
  }

  #announce() {
    draw(this, () => {
      const changed = this.#changed;
      this.#changed = new Set();
      this.dispatchEvent(new CustomEvent("change", { detail: changed }));
    });
  }
}
