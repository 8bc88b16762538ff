/** The strip of prices under the top bar: the instruments that the server chose, in its order. */

import { direction, fixed, percent } from "../format.js";
import { byId, element, setPrice, setText, targetOf } from "../cells.js";
import { priceDecimals } from "./instruments.js";

export class Strip {
  /** @type {Map<string, {last: HTMLElement, change: HTMLElement}>} */
  #items = new Map();

  /**
   * @param {string[]} symbols
   * @param {{desk: import("./desk.js").Desk, quotes: import("./quotes.js").Quotes}} parts
   */
  constructor(symbols, { desk, quotes }) {
    const list = byId("strip-list");
    list.append(...symbols.map((symbol) => this.#make(symbol)));
    list.querySelector("button")?.setAttribute("tabindex", "0");
    list.addEventListener("keydown", (event) => this.#key(event));
    list.addEventListener("click", (event) => {
      const symbol = targetOf(event).closest("button")?.dataset.symbol;
      if (symbol) desk.select(symbol);
    });
    quotes.addEventListener("change", (/** @type {CustomEvent<string[]>} */ event) => {
      for (const symbol of event.detail) this.#paint(symbol, quotes.get(symbol), desk.instruments.get(symbol));
    });
  }

  /** @param {string} symbol */
  #make(symbol) {
    const last = element("span", { class: "last" }, "—");
    const change = element("span", { class: "dir" }, "—");
    this.#items.set(symbol, { last, change });
    return element("li", {}, element("button", { type: "button", tabindex: "-1", "data-symbol": symbol }, element("b", {}, symbol), last, change));
  }

  /**
   * One stop of the tab key for the whole strip; arrows go along it.
   * @param {KeyboardEvent & {target: HTMLElement}} event
   */
  #key(event) {
    const item = event.target.closest("li");
    const beside = { ArrowLeft: item?.previousElementSibling, ArrowRight: item?.nextElementSibling };
    const next = beside[event.key]?.querySelector("button");
    if (!next) return;
    event.target.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
    event.preventDefault();
  }

  /**
   * @param {string} symbol
   * @param {import("./quotes.js").Ticker} ticker
   * @param {import("./desk.js").Instrument | undefined} instrument
   */
  #paint(symbol, ticker, instrument) {
    const item = this.#items.get(symbol);
    if (!item) return;
    setPrice(item.last, ticker.last, fixed(ticker.last, priceDecimals(instrument)));
    setText(item.change, percent(ticker.change_pct));
    item.change.className = `dir ${direction(ticker.change_pct)}`;
  }
}
