/** The strip of prices under the top bar: the primary venue's instruments, in the server's order. */

import { direction, fixed, percent } from "../format.js";
import { byId, element, setPrice, setText } from "./cells.js";
import { priceDecimals } from "./instruments.js";

const SHOWN = 24;

export class Strip {
  #list = byId("strip-list");
  /** @type {Map<string, {last: HTMLElement, change: HTMLElement}>} */
  #items = new Map();

  /** @param {{desk: import("./desk.js").Desk, quotes: import("./quotes.js").Quotes}} parts */
  constructor({ desk, quotes }) {
    this.desk = desk;
    this.quotes = quotes;
    this.#list.addEventListener("click", (event) => {
      const symbol = event.target.closest("button")?.dataset.symbol;
      if (symbol) desk.select(symbol);
    });
    quotes.addEventListener("change", (event) => this.#paint(event.detail));
    desk.instruments.addEventListener("complete", () => this.#paint(quotes.symbols()));
  }

  /** @param {Iterable<string>} symbols */
  #paint(symbols) {
    for (const symbol of symbols) {
      const ticker = this.quotes.get(symbol);
      const item = this.#items.get(symbol) ?? this.#add(symbol);
      if (!item) continue;
      setPrice(item.last, ticker.last, fixed(ticker.last, priceDecimals(this.desk.instruments.get(symbol))));
      setText(item.change, percent(ticker.change_pct));
      item.change.className = `dir ${direction(ticker.change_pct)}`;
    }
  }

  /** @param {string} symbol one of the primary venue, whose names carry no venue */
  #add(symbol) {
    if (this.#items.size >= SHOWN || symbol.includes(":")) return null;
    const last = element("span", { class: "last" }, "—");
    const change = element("span", { class: "dir" }, "—");
    const button = element("button", { type: "button", "data-symbol": symbol }, element("b", {}, symbol), last, change);
    this.#list.append(element("li", {}, button));
    const item = { last, change };
    this.#items.set(symbol, item);
    return item;
  }
}
