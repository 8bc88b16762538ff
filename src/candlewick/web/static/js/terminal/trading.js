/** What the terminal does with orders and positions beside the ticket: over REST, asked first, told after. */

import { address, send } from "../api.js";
import { fixed } from "../format.js";
import { priceDecimals, quantityDecimals } from "./instruments.js";

/** @typedef {import("./account.js").Order} Order */

export const TYPES = {
  market: "Market",
  limit: "Limit",
  stop: "Stop",
  stop_limit: "Stop limit",
  take_profit: "Take profit",
  trailing_stop: "Trailing",
};
/** What the chart can drag and the dialog amend, by type. */
export const PRICES = {
  limit: ["limit_price"],
  stop: ["stop_price"],
  stop_limit: ["stop_price", "limit_price"],
  take_profit: ["stop_price"],
};

export class Trading {
  /**
   * @param {{account: import("./account.js").Account, instruments: import("./instruments.js").Instruments,
   *   confirm: import("../confirm.js").Confirm, notices: import("./notices.js").Notices}} parts
   */
  constructor({ account, instruments, confirm, notices }) {
    this.account = account;
    this.instruments = instruments;
    this.confirm = confirm;
    this.notices = notices;
  }

  get mayTrade() {
    return this.account.about.may_trade;
  }

  /**
   * `Buy 0.150 BTCUSDT at 67,000.0`.
   * @param {Order} order
   */
  describe(order) {
    const instrument = this.instruments.get(order.symbol);
    const price = order.limit_price ?? order.stop_price;
    const at = price === null ? "at the market" : `at ${fixed(price, priceDecimals(instrument))}`;
    const side = order.side === "buy" ? "Buy" : "Sell";
    return `${side} ${fixed(order.quantity, quantityDecimals(instrument))} ${order.symbol} ${at}`;
  }

  /** @param {Order} order */
  async cancel(order) {
    if (!(await this.confirm.ask("confirm_cancels", `Cancel “${this.describe(order)}”?`, "Cancel the order"))) return;
    await this.#do("Not cancelled", "DELETE", `/api/orders/${order.id}/`);
  }

  /** @param {string} [symbol] of this instrument alone */
  async cancelAll(symbol) {
    const count = symbol ? this.account.ordersOf(symbol).length : this.account.orders.size;
    if (!count) return this.notices.tell("INFO", "Nothing to cancel", symbol ? `${symbol} has no working order.` : "There is no working order.");
    const what = `${count === 1 ? "1 order" : `${count} orders`}${symbol ? ` of ${symbol}` : ""}`;
    if (!(await this.confirm.ask("confirm_cancels", `Cancel ${what}?`, `Cancel ${what}`))) return;
    await this.#do("Not cancelled", "DELETE", "/api/orders/", { symbol });
  }

  /**
   * Rejects with a `Problem` where the order stays as it was.
   * @param {Order} order
   * @param {Record<string, string>} changes
   */
  amend(order, changes) {
    return send("PATCH", this.#address(`/api/orders/${order.id}/`), changes);
  }

  /**
   * @param {string} title of what is told if it fails
   * @param {"POST" | "DELETE"} method
   * @param {string} path
   * @param {Record<string, string | undefined>} [query]
   */
  async #do(title, method, path, query = {}) {
    try {
      await send(method, this.#address(path, query));
    } catch (problem) {
      this.notices.tell("WARNING", title, problem.message);
    }
  }

  /**
   * @param {string} path
   * @param {Record<string, string | undefined>} [query]
   */
  #address(path, query = {}) {
    return address(path, { account: this.account.about.id, ...query });
  }
}
