/** The tape: the newest trades first, with the taker's side as an arrow and a colour. */

import { draw } from "../frame.js";
import { clock, fixed, milliseconds } from "../format.js";
import { byId, element, setState, setText } from "../cells.js";
import { priceDecimals, quantityDecimals } from "./instruments.js";

const ROW_PX = 20;
const KEPT = 100;

/** @typedef {{time: number | string, price: number, quantity: number, side: "buy" | "sell", id: string}} Trade */
/** @typedef {{tr: HTMLTableRowElement, price: HTMLElement, size: HTMLElement, time: HTMLElement}} Row */

export class Tape {
  #panel = byId("tape");
  #body = byId("trades");
  /** @type {Row[]} */
  #rows = [];
  /** @type {Trade[]} newest first */
  #trades = [];
  #unsubscribe = () => {};

  /** @param {{desk: import("./desk.js").Desk, live: import("../live.js").Live}} parts */
  constructor({ desk, live }) {
    this.desk = desk;
    this.live = live;
    desk.addEventListener("symbol", () => this.#open());
    desk.instruments.addEventListener("complete", () => this.#drawSoon());
    new ResizeObserver(() => this.#fit()).observe(byId("tape-rows"));
    this.#open();
  }

  #open() {
    this.#unsubscribe();
    this.#trades = [];
    setState(this.#panel, "loading", "Waiting for a trade…");
    this.#drawSoon();
    this.#unsubscribe = this.live.subscribe([`tape:${this.desk.symbol}`], ({ type, data, snapshot }) => {
      if (type !== "trades") return;
      if (snapshot) this.#trades = []; // what was missed in between is not known: no hole in the middle
      this.#take(data);
    });
  }

  /** @param {Trade[]} trades */
  #take(trades) {
    // rows come oldest first
    this.#trades = [...trades.toReversed(), ...this.#trades].slice(0, KEPT);
    this.#drawSoon();
  }

  #fit() {
    const height = byId("tape-rows").clientHeight - byId("tape-head").offsetHeight;
    const count = Math.min(KEPT, Math.max(8, Math.floor(height / ROW_PX)));
    if (count === this.#rows.length) return;
    this.#rows = Array.from({ length: count }, makeRow);
    this.#body.replaceChildren(...this.#rows.map(({ tr }) => tr));
    this.#drawSoon();
  }

  #drawSoon() {
    draw(this, () => this.#draw());
  }

  #draw() {
    const { instrument } = this.desk;
    const prices = priceDecimals(instrument);
    const sizes = quantityDecimals(instrument);
    if (this.#trades.length && this.#panel.dataset.state === "loading") setState(this.#panel, "live");
    this.#rows.forEach((row, at) => {
      const trade = this.#trades[at];
      setText(row.price, trade ? fixed(trade.price, prices) : "");
      setText(row.size, trade ? fixed(trade.quantity, sizes) : "");
      setText(row.time, trade ? clock(milliseconds(trade.time)) : "");
      row.price.className = `num dir ${trade ? (trade.side === "buy" ? "up" : "down") : ""}`;
    });
  }
}

/** @returns {Row} */
function makeRow() {
  const price = element("td", { class: "num dir" });
  const size = element("td", { class: "num" });
  const time = element("td", { class: "num dim" });
  return { tr: element("tr", {}, price, size, time), price, size, time };
}
