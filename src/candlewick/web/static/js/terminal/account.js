/** The account as its lanes tell it: what it holds, its working orders, its figures. Computes nothing. */

/**
 * @typedef {object} Order
 * @property {string} id
 * @property {string} symbol
 * @property {string} side `buy` or `sell`
 * @property {string} order_type
 * @property {number} quantity
 * @property {number} filled_quantity
 * @property {number | null} price mean of what is filled
 * @property {number | null} limit_price
 * @property {number | null} stop_price
 * @property {number | null} trail
 * @property {number | null} trail_percent
 * @property {string} time_in_force
 * @property {boolean} post_only
 * @property {boolean} reduce_only
 * @property {string} status
 * @property {string} reason
 * @property {string | null} leg
 * @property {string} origin
 * @property {string} created_at
 * @property {Record<string, any>} [fill]
 */
/**
 * @typedef {object} Position
 * @property {string} symbol
 * @property {"long" | "short"} side
 * @property {number} quantity signed
 * @property {number} avg_price
 * @property {number | null} unrealized_pnl
 */

const CHANNELS = ["portfolio", "positions", "orders", "risk"];
const DONE = new Set(["FILLED", "CANCELLED", "REJECTED", "EXPIRED"]);

/** Events: `orders` (detail: the event's type and order, null for a snapshot), `positions`, `portfolio`, `risk`. */
export class Account extends EventTarget {
  /** @type {Map<string, Order>} working orders by id, the newest last */
  orders = new Map();
  /** @type {Map<string, Position>} by symbol */
  positions = new Map();
  /** @type {Record<string, any> | null} */
  portfolio = null;
  /** @type {Record<string, any> | null} */
  risk = null;

  /**
   * @param {{id: number, name: string, currency: string, may_trade: boolean, may_manage_risk: boolean}} about
   * @param {import("../live.js").Live} live
   */
  constructor(about, live) {
    super();
    this.about = about;
    live.subscribe(
      CHANNELS.map((channel) => `${channel}:${about.id}`),
      (message) => this.#take(message),
    );
  }

  /**
   * Working orders of one symbol.
   * @param {string} symbol
   */
  ordersOf(symbol) {
    return [...this.orders.values()].filter((order) => order.symbol === symbol);
  }

  /** @param {import("../live.js").Message} message */
  #take({ type, channel, data }) {
    if (channel === "orders") this.#order(type, data);
    else if (channel === "positions") this.#position(type, data);
    else if (channel === "portfolio") this.portfolio = data;
    else if (type !== "risk_breach") this.risk = data;
    if (channel !== "orders" && type !== "risk_breach") this.#say(channel);
  }

  /**
   * @param {string} type
   * @param {any} data
   */
  #order(type, data) {
    if (type === "orders_snapshot") {
      this.orders = new Map(data.toReversed().map((/** @type {Order} */ order) => [order.id, order]));
      return this.#say("orders", null);
    }
    const order = { ...data, side: data.side.toLowerCase() };
    if (DONE.has(order.status)) this.orders.delete(order.id);
    else this.orders.set(order.id, order);
    this.#say("orders", { type, order });
  }

  /**
   * @param {string} type
   * @param {any} data
   */
  #position(type, data) {
    if (type === "positions_snapshot") {
      this.positions = new Map(data.map((/** @type {Position} */ each) => [each.symbol, each]));
    } else if (data.quantity === 0) this.positions.delete(data.symbol);
    else this.positions.set(data.symbol, data);
  }

  /**
   * @param {string} name
   * @param {any} [detail]
   */
  #say(name, detail = undefined) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
