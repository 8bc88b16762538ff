/** Fills, newest first, with the profit that each closed. */

import { get } from "../api.js";
import { draw } from "../frame.js";
import { clock, direction, fixed, milliseconds, moment, signed } from "../format.js";
import { byId, element } from "../cells.js";
import { priceDecimals, quantityDecimals } from "./instruments.js";

const SHOWN = 100;
const LINGER_MS = 150; // an order that eats through the book is many fills

/** @typedef {{id: string, symbol: string, side: "buy" | "sell", price: number, quantity: number, fee: number, fee_currency: string, liquidity: string, realized_pnl: number, time: string}} Fill */

/** `change` says that there may be other fills. */
export class Fills extends EventTarget {
  /** @type {Fill[]} newest first */
  all = [];
  #body = byId("fill-rows");
  #isOnly = false;
  #timer = 0;

  /**
   * @param {{account: import("./account.js").Account, desk: import("./desk.js").Desk,
   *   notices: import("./notices.js").Notices}} parts
   */
  constructor({ account, desk, notices }) {
    super();
    this.account = account;
    this.desk = desk;
    this.notices = notices;
    account.addEventListener("orders", (/** @type {CustomEvent} */ event) => {
      if (event.detail === null || event.detail.order.fill) this.#loadSoon();
    });
    desk.addEventListener("symbol", () => this.#isOnly && this.#loadSoon());
    desk.instruments.addEventListener("complete", () => this.#drawSoon());
  }

  /** @param {boolean} isOnly whether fills of other symbols are left out */
  showOnly(isOnly) {
    this.#isOnly = isOnly;
    this.#loadSoon();
  }

  #loadSoon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#load(), LINGER_MS);
  }

  async #load() {
    const { symbol } = this.desk;
    try {
      const query = { account: this.account.about.id, symbol: this.#isOnly ? symbol : undefined, limit: SHOWN };
      this.all = (await get("/api/fills/", query)).items;
      this.#drawSoon();
      this.dispatchEvent(new Event("change"));
    } catch (problem) {
      if (problem.status !== 503) this.notices.tell("WARNING", "Fills", problem.message);
    }
  }

  #drawSoon() {
    draw(this, () => this.#draw());
  }

  #draw() {
    this.#body.replaceChildren(...this.all.map((fill) => this.#row(fill)));
    byId("fills-empty").hidden = this.all.length > 0;
    this.#body.parentElement.hidden = this.all.length === 0;
  }

  /** @param {Fill} fill */
  #row(fill) {
    const instrument = this.desk.instruments.get(fill.symbol);
    const at = milliseconds(fill.time);
    const isToday = moment(at).slice(0, 10) === moment(Date.now()).slice(0, 10);
    const isBuy = fill.side === "buy";
    const cell = (/** @type {string} */ text, /** @type {string} */ name) => element("td", { class: name }, text);
    const profit = element("span", { class: `dir ${direction(fill.realized_pnl)}` }, fill.realized_pnl ? signed(fill.realized_pnl) : "");
    return element(
      "tr",
      { "data-fill": fill.id },
      cell(isToday ? clock(at) : moment(at).slice(5), "num dim"),
      element("th", { scope: "row" }, fill.symbol),
      cell(isBuy ? "Buy" : "Sell", isBuy ? "up" : "down"),
      cell(fixed(fill.quantity, quantityDecimals(instrument)), "num"),
      cell(fixed(fill.price, priceDecimals(instrument)), "num"),
      cell(`${fixed(fill.fee, null)} ${fill.fee_currency}`, "num c-mid"),
      cell(fill.liquidity, "c-wide dim"),
      element("td", { class: "num" }, profit),
    );
  }
}
