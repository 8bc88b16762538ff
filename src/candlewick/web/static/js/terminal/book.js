/** The order book: as many levels as fit, with bars of cumulative size. Empty while not synchronised. */

import { draw } from "../frame.js";
import { fixed } from "../format.js";
import { byId, element, setState, setText, targetOf } from "../cells.js";
import { priceDecimals, quantityDecimals } from "./instruments.js";

const ROW_PX = 20;
const LEVELS_MAX = 50;

/** @typedef {[price: number, quantity: number]} Level */
/** @typedef {{tr: HTMLTableRowElement, price: HTMLElement, size: HTMLElement, total: HTMLElement, depth: HTMLElement}} Row */

/** `price` events carry a price that was clicked, as text. */
export class Book extends EventTarget {
  #panel = byId("book");
  #sides = { asks: byId("asks"), bids: byId("bids") };
  /** @type {{asks: Row[], bids: Row[]}} */
  #rows = { asks: [], bids: [] };
  #levels = 0;
  /** @type {{bids: Level[], asks: Level[], synchronised: boolean, spread?: number, reason?: string} | null} */
  #data = null;
  #unsubscribe = () => {};

  /** @param {{desk: import("./desk.js").Desk, live: import("../live.js").Live}} parts */
  constructor({ desk, live }) {
    super();
    this.desk = desk;
    this.live = live;
    desk.addEventListener("symbol", () => this.#open());
    desk.instruments.addEventListener("complete", () => this.#drawSoon());
    new ResizeObserver(() => this.#fit()).observe(byId("book-ladder"));
    byId("book-ladder").addEventListener("click", (event) => this.#click(event));
    this.#open();
  }

  /** What it shows is not known to be true any more. */
  blank() {
    this.#data = null;
    this.#drawSoon();
  }

  #open() {
    this.#unsubscribe();
    this.blank();
    this.#unsubscribe = this.live.subscribe([`book:${this.desk.symbol}`], ({ type, data }) => {
      if (type !== "book") return;
      this.#data = data;
      this.#drawSoon();
    });
  }

  /** Two ladders of equal height around the middle. */
  #fit() {
    const ladder = byId("book-ladder");
    const free = ladder.clientHeight - byId("book-mid").offsetHeight - byId("book-head").offsetHeight;
    const levels = Math.min(LEVELS_MAX, Math.max(5, Math.floor(free / 2 / ROW_PX)));
    if (levels === this.#levels) return;
    this.#levels = levels;
    for (const side of /** @type {const} */ (["asks", "bids"])) {
      this.#rows[side] = Array.from({ length: levels }, makeRow);
      const rows = this.#rows[side].map(({ tr }) => tr);
      this.#sides[side].replaceChildren(...(side === "asks" ? rows.reverse() : rows));
    }
    this.#drawSoon();
  }

  /** @param {MouseEvent} event */
  #click(event) {
    const price = targetOf(event).closest("tr")?.querySelector(".price")?.textContent.replaceAll(",", "");
    if (price && Number(price)) this.dispatchEvent(new CustomEvent("price", { detail: price }));
  }

  #drawSoon() {
    draw(this, () => this.#draw());
  }

  #draw() {
    const data = this.#data;
    if (!data) {
      setState(this.#panel, "loading", this.#panel.dataset.doubt ? "" : "Waiting for the book…");
      return this.#clear();
    }
    if (!data.synchronised) {
      setState(this.#panel, "stale", `Not synchronised${data.reason ? `: ${data.reason}` : "; the book is being rebuilt"}.`);
      return this.#clear();
    }
    setState(this.#panel, "live");
    const asks = withTotals(data.asks, this.#levels);
    const bids = withTotals(data.bids, this.#levels);
    const deepest = Math.max(asks.at(-1)?.[2] ?? 0, bids.at(-1)?.[2] ?? 0);
    this.#fill(this.#rows.asks, asks, deepest);
    this.#fill(this.#rows.bids, bids, deepest);
    const places = priceDecimals(this.desk.instrument);
    setText(byId("book-spread"), data.spread === undefined ? "" : `spread ${fixed(data.spread, places)}`);
  }

  #clear() {
    this.#fill(this.#rows.asks, [], 0);
    this.#fill(this.#rows.bids, [], 0);
    setText(byId("book-spread"), "");
  }

  /**
   * @param {Row[]} rows
   * @param {[number, number, number][]} levels
   * @param {number} deepest
   */
  #fill(rows, levels, deepest) {
    const { instrument } = this.desk;
    const prices = priceDecimals(instrument);
    const sizes = quantityDecimals(instrument);
    rows.forEach((row, at) => {
      const level = levels[at];
      setText(row.price, level ? fixed(level[0], prices) : "");
      setText(row.size, level ? fixed(level[1], sizes) : "");
      setText(row.total, level ? fixed(level[2], sizes) : "");
      row.depth.style.setProperty("--d", level && deepest ? ((100 * level[2]) / deepest).toFixed(1) : "0");
    });
  }
}

/**
 * Levels with the running sum of their sizes, best first.
 * @param {Level[]} levels
 * @param {number} count
 * @returns {[number, number, number][]}
 */
function withTotals(levels, count) {
  let total = 0;
  return levels.slice(0, count).map(([price, quantity]) => [price, quantity, (total += quantity)]);
}

/** @returns {Row} */
function makeRow() {
  const price = element("td", { class: "num price" });
  const size = element("td", { class: "num" });
  const total = element("span");
  const depth = element("td", { class: "num depth c-opt" }, total);
  return { tr: element("tr", {}, price, size, depth), price, size, total, depth };
}
