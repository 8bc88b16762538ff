/** What a chart shows: one symbol, one interval. */

/**
 * @typedef {object} Instrument as the server describes it
 * @property {string} symbol the public name
 * @property {string} instrument the internal id, `venue:SYMBOL`
 * @property {string} venue
 * @property {string} venue_title
 * @property {boolean} simulated
 * @property {"spot" | "perp" | "future" | "equity"} kind
 * @property {string} base
 * @property {string} quote
 * @property {string | number | null} tick
 * @property {string | number | null} lot
 * @property {string | null} [sector]
 */

/** `symbol` and `interval` events say that it changed. */
export class Desk extends EventTarget {
  /**
   * @param {{symbol: string, interval: string, intervals: string[]}} start
   * @param {import("./instruments.js").Instruments} instruments
   */
  constructor(start, instruments) {
    super();
    this.symbol = start.symbol;
    this.interval = start.interval;
    this.intervals = start.intervals;
    this.instruments = instruments;
  }

  /** @returns {Instrument | undefined} */
  get instrument() {
    return this.instruments.get(this.symbol);
  }

  /** @param {string} symbol */
  select(symbol) {
    if (symbol !== this.symbol) this.go({ symbol, interval: this.interval });
  }

  /** @param {string} interval */
  setInterval(interval) {
    if (interval === this.interval || !this.intervals.includes(interval)) return;
    this.go({ symbol: this.symbol, interval });
  }

  /** @param {number} step +1 for the next longer interval, -1 for the next shorter */
  stepInterval(step) {
    const next = this.intervals[this.intervals.indexOf(this.interval) + step];
    if (next) this.setInterval(next);
  }

  /** @param {{symbol: string, interval: string}} place */
  go({ symbol, interval }) {
    const isOtherSymbol = symbol !== this.symbol;
    const isOtherInterval = interval !== this.interval;
    this.symbol = symbol;
    this.interval = interval;
    if (isOtherSymbol) this.dispatchEvent(new Event("symbol"));
    else if (isOtherInterval) this.dispatchEvent(new Event("interval"));
  }
}
