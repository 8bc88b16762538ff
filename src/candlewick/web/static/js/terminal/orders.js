/** Working orders: rows that follow the lane, with cancel and amend. */

import { draw } from "../frame.js";
import { clock, fixed, milliseconds, UNKNOWN } from "../format.js";
import { byId, element, setText, targetOf } from "../cells.js";
import { priceDecimals, quantityDecimals } from "./instruments.js";
import { PRICES, TYPES } from "./trading.js";

const STATES = { IN_FLIGHT: "Sending", OPEN: "Open", PARTLY_FILLED: "Partly filled", CANCEL_IN_FLIGHT: "Cancelling" };
/** @type {Record<string, [string, string]>} severity and title of what is told of an order that ended otherwise */
const TOLD = {
  order_rejected: ["WARNING", "Order rejected"],
  order_expired: ["INFO", "Order expired"],
  order_cancel_refused: ["WARNING", "Not cancelled"],
  order_amend_refused: ["WARNING", "Not amended"],
  order_claimed: ["INFO", "Order from elsewhere"],
};
const CELLS = ["symbol", "side", "type", "quantity", "filled", "price", "trigger", "force", "state", "time", "tools"];
const CLASSES = { quantity: "num", filled: "num c-mid", price: "num", trigger: "num c-mid", force: "c-wide", time: "num c-wide", tools: "tools" };

/** @typedef {import("./account.js").Order} Order */

export class Orders {
  #body = byId("order-rows");
  /** @type {Map<string, {tr: HTMLElement, cells: Record<string, HTMLElement>}>} */
  #rows = new Map();
  #isOnly = false;

  /**
   * @param {{account: import("./account.js").Account, desk: import("./desk.js").Desk,
   *   trading: import("./trading.js").Trading, amend: (use: (dialog: import("./amend.js").AmendDialog) => void) => void,
   *   notices: import("./notices.js").Notices}} parts
   */
  constructor({ account, desk, trading, amend, notices }) {
    this.account = account;
    this.desk = desk;
    this.trading = trading;
    this.amend = amend;
    this.notices = notices;
    account.addEventListener("orders", (/** @type {CustomEvent} */ event) => this.#changed(event.detail));
    desk.addEventListener("symbol", () => this.#drawSoon());
    desk.instruments.addEventListener("complete", () => this.#drawSoon());
    this.#body.addEventListener("click", (event) => this.#click(event));
    document.getElementById("cancel-all")?.addEventListener("click", () => trading.cancelAll());
    document.getElementById("cancel-symbol")?.addEventListener("click", () => trading.cancelAll(desk.symbol));
    this.#drawSoon();
  }

  /** @param {boolean} isOnly whether orders of other symbols are left out */
  showOnly(isOnly) {
    this.#isOnly = isOnly;
    this.#drawSoon();
  }

  /** @param {{type: string, order: Order} | null} news */
  #changed(news) {
    const told = news && TOLD[news.type];
    if (told) this.notices.tell(told[0], told[1], `${this.trading.describe(news.order)}. ${news.order.reason}`.trim());
    this.#drawSoon();
  }

  #drawSoon() {
    draw(this, () => this.#draw());
  }

  #draw() {
    const { symbol } = this.desk;
    const shown = [...this.account.orders.values()].filter((order) => !this.#isOnly || order.symbol === symbol).reverse();
    const ids = new Set(shown.map(({ id }) => id));
    for (const [id, { tr }] of this.#rows) {
      if (ids.has(id)) continue;
      tr.remove();
      this.#rows.delete(id);
    }
    shown.forEach((order, at) => {
      const row = this.#rows.get(order.id) ?? this.#make(order);
      this.#fill(row, order);
      if (this.#body.children[at] !== row.tr) this.#body.insertBefore(row.tr, this.#body.children[at] ?? null);
    });
    byId("orders-empty").hidden = shown.length > 0;
    this.#body.parentElement.hidden = shown.length === 0;
    const all = document.getElementById("cancel-all");
    const ours = document.getElementById("cancel-symbol");
    if (all) all.hidden = this.account.orders.size === 0;
    if (ours) {
      ours.hidden = this.account.ordersOf(symbol).length === 0;
      setText(ours, `Cancel ${symbol}`);
    }
  }

  /** @param {Order} order */
  #make(order) {
    /** @type {Record<string, HTMLElement>} */
    const cells = Object.fromEntries(CELLS.map((name) => [name, element(name === "symbol" ? "th" : "td", { class: CLASSES[name] ?? "" })]));
    cells.symbol.setAttribute("scope", "row");
    if (this.trading.mayTrade) {
      const name = this.trading.describe(order);
      if (PRICES[order.order_type]) {
        cells.tools.append(button("amend", "Amend", name));
        this.amend(() => {}); // so that it is here by the time it is wanted: who works by keys types on at once
      }
      cells.tools.append(button("cancel", "Cancel", name));
    }
    const row = { tr: element("tr", { "data-order": order.id }, ...CELLS.map((name) => cells[name])), cells };
    this.#rows.set(order.id, row);
    return row;
  }

  /**
   * @param {{tr: HTMLElement, cells: Record<string, HTMLElement>}} row
   * @param {Order} order
   */
  #fill({ tr, cells }, order) {
    const instrument = this.desk.instruments.get(order.symbol);
    const prices = priceDecimals(instrument);
    const lots = quantityDecimals(instrument);
    tr.classList.toggle("current", order.symbol === this.desk.symbol);
    tr.dataset.status = order.status;
    setText(cells.symbol, order.symbol);
    setText(cells.side, order.side === "buy" ? "Buy" : "Sell");
    cells.side.className = order.side === "buy" ? "up" : "down";
    setText(cells.type, typeOf(order));
    setText(cells.quantity, fixed(order.quantity, lots));
    setText(cells.filled, fixed(order.filled_quantity, lots));
    setText(cells.price, order.limit_price === null ? (order.order_type === "limit" ? UNKNOWN : "market") : fixed(order.limit_price, prices));
    setText(cells.trigger, triggerOf(order, prices));
    setText(cells.force, order.time_in_force);
    setText(cells.state, STATES[order.status] ?? order.status);
    setText(cells.time, clock(milliseconds(order.created_at)));
  }

  /** @param {MouseEvent} event */
  #click(event) {
    const order = this.account.orders.get(targetOf(event).closest("tr")?.dataset.order ?? "");
    if (!order) return;
    const action = /** @type {HTMLElement | null} */ (targetOf(event).closest("[data-action]"))?.dataset.action;
    if (action === "cancel") this.trading.cancel(order);
    else if (action === "amend") this.amend((dialog) => dialog.open(order));
    else if (targetOf(event).closest("th")) this.desk.select(order.symbol);
  }
}

/** @param {Order} order */
function typeOf(order) {
  const leg = { stop_loss: "Stop loss", take_profit: "Take profit" }[order.leg ?? ""];
  const marks = [order.reduce_only && !leg ? "reduce" : "", order.post_only ? "post" : ""].filter(Boolean);
  return [leg ?? TYPES[order.order_type] ?? order.order_type, ...marks].join(", ");
}

/**
 * @param {Order} order
 * @param {number | null} places
 */
function triggerOf(order, places) {
  if (order.trail_percent !== null) return `${fixed(order.trail_percent, null)}% behind`;
  if (order.trail !== null) return `${fixed(order.trail, places)} behind`;
  return fixed(order.stop_price, places);
}

/**
 * @param {string} action
 * @param {string} word
 * @param {string} of
 */
function button(action, word, of) {
  return element("button", { type: "button", class: "btn", "data-action": action, "aria-label": `${word}: ${of}` }, word);
}
