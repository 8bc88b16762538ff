/** The looked-at instrument's headline: last price, 24 h figures, mark, index, funding; and the title. */

import { draw } from "../frame.js";
import { compact, countdown, direction, fixed, milliseconds, percent, UNKNOWN } from "../format.js";
import { byId, forget, setPrice, setText } from "../cells.js";
import { about, priceDecimals } from "./instruments.js";

const TITLE_EVERY_MS = 1_000; // no animation frames in a background tab, where the title matters most

/** `stale` events say that `isStale` is another. */
export class Headline extends EventTarget {
  /** Whether the engine doubts what it knows of the symbol. */
  isStale = false;
  /** @type {any} */
  #ticker = null;
  #unsubscribe = () => {};
  #lastPrice = NaN;

  /** @param {{desk: import("./desk.js").Desk, live: import("../live.js").Live}} parts */
  constructor({ desk, live }) {
    super();
    this.desk = desk;
    this.live = live;
    /** Why the price is not to be trusted now, null when it is. @type {string | null} */
    this.doubt = null;
    desk.addEventListener("symbol", () => this.#open());
    desk.instruments.addEventListener("complete", () => this.#drawSoon());
    setInterval(() => this.#drawTitle(), TITLE_EVERY_MS);
    setInterval(() => this.#drawCountdown(), 1_000);
    this.#open();
  }

  /** @param {string | null} doubt */
  setDoubt(doubt) {
    this.doubt = doubt;
    byId("headline").classList.toggle("doubtful", doubt !== null);
    this.#drawTitle();
  }

  #open() {
    this.#unsubscribe();
    this.#ticker = null;
    this.#setStale(false);
    forget(byId("last"));
    this.#lastPrice = NaN;
    this.#drawSoon();
    this.#drawTitle();
    this.#unsubscribe = this.live.subscribe([`ticker:${this.desk.symbol}`], ({ type, data }) => {
      if (type !== "ticker") return;
      const isFirst = this.#ticker === null;
      this.#ticker = { ...this.#ticker, ...data };
      this.#setStale(Boolean(data.stale));
      this.#drawSoon();
      if (isFirst) this.#drawTitle();
    });
  }

  /** @param {boolean} isStale */
  #setStale(isStale) {
    if (isStale === this.isStale) return;
    this.isStale = isStale;
    this.dispatchEvent(new Event("stale"));
  }

  #drawSoon() {
    draw(this, () => this.#draw());
  }

  #draw() {
    const { symbol, instrument } = this.desk;
    const places = priceDecimals(instrument);
    const ticker = this.#ticker ?? {};
    setText(byId("symbol"), symbol);
    setText(byId("venue"), instrument ? about(instrument) : "");
    byId("simulated").hidden = !instrument?.simulated;
    const last = byId("last");
    setPrice(last, ticker.last, fixed(ticker.last, places));
    if (ticker.last !== this.#lastPrice && !Number.isNaN(this.#lastPrice)) {
      last.className = `last dir ${ticker.last > this.#lastPrice ? "up" : "down"}`;
    }
    this.#lastPrice = ticker.last ?? NaN;
    setText(byId("book-last"), fixed(ticker.last, places));
    byId("book-last").className = last.className;
    const change = byId("f-change");
    setText(change, ticker.change == null ? UNKNOWN : `${signed(ticker.change, places)} (${percent(ticker.change_pct)})`);
    change.className = `dir ${direction(ticker.change)}`;
    setText(byId("f-high"), fixed(ticker.high, places));
    setText(byId("f-low"), fixed(ticker.low, places));
    setText(byId("f-volume"), ticker.volume == null ? UNKNOWN : `${compact(ticker.volume)} ${instrument?.base ?? ""}`);
    setText(byId("f-vwap"), fixed(ticker.vwap, places));
    this.#drawDerivative(ticker, places);
  }

  /** What only perpetuals and futures have. */
  #drawDerivative(ticker, places) {
    const isDerivative = ["perp", "future"].includes(this.desk.instrument?.kind);
    for (const part of document.querySelectorAll(".derivative")) part.toggleAttribute("hidden", !isDerivative);
    for (const part of document.querySelectorAll(".spot")) part.toggleAttribute("hidden", isDerivative);
    if (!isDerivative) return;
    setText(byId("f-mark"), fixed(ticker.mark, places));
    setText(byId("f-index"), fixed(ticker.index, places));
    setText(byId("f-open-interest"), compact(ticker.open_interest));
    this.#drawCountdown();
  }

  /** The funding rate comes as a fraction, 0.0001 is 0.01 %; behind it, the time to its settlement. */
  #drawCountdown() {
    const { funding_rate: rate, next_funding: next } = this.#ticker ?? {};
    const at = milliseconds(next);
    const rateText = rate === undefined || rate === null ? UNKNOWN : percent(rate * 100, 4);
    const wait = at === null || at < Date.now() ? "" : ` ${countdown(at - Date.now())}`;
    setText(byId("f-funding"), `${rateText}${wait}`);
  }

  #drawTitle() {
    const { symbol } = this.desk;
    const last = this.#ticker?.last;
    if (this.doubt) document.title = `${symbol} (${this.doubt}) — Candlewick`;
    else if (last === undefined || last === null) document.title = `${symbol} — Candlewick`;
    else document.title = `${fixed(last, priceDecimals(this.desk.instrument))} ${symbol} — Candlewick`;
  }
}

/**
 * @param {number} value
 * @param {number | null} places
 */
function signed(value, places) {
  return `${value > 0 ? "+" : ""}${fixed(value, places)}`;
}
