/**
 * Orders and the position as lines on the chart. An order's line is dragged to another price by mouse, pen
 * or finger; Escape lets go and changes nothing. The keyboard's way is the Amend button of the orders.
 */

import { LineStyle } from "lightweight-charts";
import { draw } from "../../frame.js";
import { fixed, signed } from "../../format.js";
import { byId } from "../../cells.js";
import { priceDecimals, quantityDecimals } from "../instruments.js";
import { PRICES, TYPES } from "../trading.js";
import { BUY_LINE, POSITION_LINE, SELL_LINE } from "./theme.js";

const NEAR_PX = 5;
const NEAR_TOUCH_PX = 14;

/** @typedef {import("../account.js").Order} Order */
/** @typedef {{order: Order, field: string, price: number, line: import("lightweight-charts").IPriceLine}} Line */

export class Lines {
  #plot = byId("plot");
  /** @type {Map<string, Line>} by order and field */
  #lines = new Map();
  /** @type {import("lightweight-charts").IPriceLine | null} */
  #held = null;
  /** @type {{key: string, from: number, to: number, pointer: number} | null} */
  #drag = null;
  /** Where lines were let go, until the server has said yes or no. @type {Map<string, number>} */
  #asked = new Map();

  /**
   * @param {{chart: import("./chart.js").Chart, desk: import("../desk.js").Desk,
   *   account: import("../account.js").Account, trading: import("../trading.js").Trading,
   *   confirm: import("../../confirm.js").Confirm, notices: import("../notices.js").Notices}} parts
   */
  constructor({ chart, desk, account, trading, confirm, notices }) {
    this.chart = chart;
    this.desk = desk;
    this.account = account;
    this.trading = trading;
    this.confirm = confirm;
    this.notices = notices;
    for (const name of ["orders", "positions"]) account.addEventListener(name, () => this.#drawSoon());
    desk.addEventListener("symbol", () => this.#leave());
    desk.instruments.addEventListener("complete", () => this.#drawSoon());
    if (!trading.mayTrade) return;
    const capture = { capture: true };
    this.#plot.addEventListener("pointerdown", (event) => this.#take(event), capture);
    this.#plot.addEventListener("pointermove", (event) => this.#move(event), capture);
    this.#plot.addEventListener("pointerup", (event) => this.#letGo(event), capture);
    this.#plot.addEventListener("pointercancel", () => this.#leave(), capture);
    // the chart listens to these: it must not scroll under a line that is being dragged
    this.#plot.addEventListener("mousedown", (event) => this.#withhold(event), capture);
    this.#plot.addEventListener("touchstart", (event) => this.#withhold(event), { capture: true, passive: false });
    document.addEventListener("keydown", (event) => this.#key(event), capture);
  }

  #drawSoon() {
    draw(this, () => this.#draw());
  }

  #draw() {
    const wanted = new Map();
    for (const order of this.account.ordersOf(this.desk.symbol)) {
      for (const field of PRICES[order.order_type] ?? ["stop_price"]) {
        if (order[field] !== null) wanted.set(`${order.id}/${field}`, { order, field });
      }
    }
    for (const [key, { line }] of this.#lines) {
      if (wanted.has(key)) continue;
      this.chart.candles.live.removePriceLine(line);
      this.#lines.delete(key);
      if (this.#drag?.key === key) this.#leave(); // it was filled or cancelled under the hand
    }
    for (const [key, { order, field }] of wanted) this.#place(key, order, field);
    this.#drawPosition();
  }

  /**
   * @param {string} key
   * @param {Order} order
   * @param {string} field
   */
  #place(key, order, field) {
    const price = this.#drag?.key === key ? this.#drag.to : (this.#asked.get(key) ?? order[field]);
    const options = { ...(order.side === "buy" ? BUY_LINE : SELL_LINE), price, title: this.#title(key, order, field) };
    if (this.#drag?.key === key) options.lineStyle = LineStyle.Solid;
    const known = this.#lines.get(key);
    if (known) {
      known.line.applyOptions(options);
      Object.assign(known, { order, price });
    } else {
      this.#lines.set(key, { order, field, price, line: this.chart.candles.live.createPriceLine(options) });
    }
  }

  /**
   * @param {string} key
   * @param {Order} order
   * @param {string} field
   */
  #title(key, order, field) {
    const size = fixed(order.quantity - order.filled_quantity, quantityDecimals(this.desk.instrument));
    const leg = { stop_loss: "SL", take_profit: "TP" }[order.leg ?? ""];
    const type = leg ?? (field === "limit_price" ? "Limit" : (TYPES[order.order_type] ?? ""));
    const state = this.#asked.has(key) || order.status === "IN_FLIGHT" ? " …" : order.status === "CANCEL_IN_FLIGHT" ? " ✕" : "";
    return `${order.side === "buy" ? "Buy" : "Sell"} ${size} ${type}${state}`;
  }

  #drawPosition() {
    const held = this.account.positions.get(this.desk.symbol);
    const series = this.chart.candles.live;
    if (!held) {
      if (this.#held) series.removePriceLine(this.#held);
      this.#held = null;
      return;
    }
    const size = fixed(Math.abs(held.quantity), quantityDecimals(this.desk.instrument));
    const title = `${held.side === "long" ? "Long" : "Short"} ${size}  ${signed(held.unrealized_pnl)}`;
    const options = { ...POSITION_LINE, price: held.avg_price, title };
    if (this.#held) this.#held.applyOptions(options);
    else this.#held = series.createPriceLine(options);
  }

  /**
   * The line of an order under a pointer that can be dragged.
   * @param {PointerEvent} event
   * @returns {[string, Line] | null}
   */
  #under(event) {
    const y = this.#y(event);
    if (y === null) return null;
    const near = event.pointerType === "touch" ? NEAR_TOUCH_PX : NEAR_PX;
    let best = null;
    let distance = near + 1;
    for (const [key, line] of this.#lines) {
      if (!PRICES[line.order.order_type]?.includes(line.field) || this.#asked.has(key)) continue;
      const at = this.chart.candles.live.priceToCoordinate(line.price);
      if (at === null || Math.abs(at - y) >= distance) continue;
      best = /** @type {[string, Line]} */ ([key, line]);
      distance = Math.abs(at - y);
    }
    return best;
  }

  /**
   * How far down in the pane of prices; null elsewhere.
   * @param {PointerEvent} event
   */
  #y(event) {
    const box = byId("tv").getBoundingClientRect();
    const y = event.clientY - box.top;
    const scale = this.chart.api.priceScale("right").width();
    const isInside = y >= 0 && y <= this.chart.api.panes()[0].getHeight() && event.clientX < box.right - scale;
    return isInside ? y : null;
  }

  /** @param {PointerEvent} event */
  #take(event) {
    if (event.button !== 0 || this.#drag) return;
    const found = this.#under(event);
    if (!found) return;
    const [key, { price }] = found;
    this.#drag = { key, from: price, to: price, pointer: event.pointerId };
    this.#plot.setPointerCapture(event.pointerId);
    this.#plot.classList.add("dragging");
    event.stopPropagation();
    this.#drawSoon();
  }

  /** @param {PointerEvent} event */
  #move(event) {
    if (!this.#drag) {
      if (event.pointerType === "mouse" && !event.buttons) this.#plot.classList.toggle("on-line", this.#under(event) !== null);
      return;
    }
    if (event.pointerId !== this.#drag.pointer) return;
    event.stopPropagation();
    const y = event.clientY - byId("tv").getBoundingClientRect().top;
    const price = this.chart.candles.live.coordinateToPrice(y);
    if (price === null || price <= 0) return;
    this.#drag.to = this.#onTick(price);
    this.#drawSoon();
  }

  /** @param {PointerEvent} event */
  async #letGo(event) {
    const drag = this.#drag;
    if (!drag || event.pointerId !== drag.pointer) return;
    event.stopPropagation();
    const line = this.#lines.get(drag.key);
    if (!line || drag.to === drag.from) return this.#leave();
    this.#asked.set(drag.key, drag.to);
    this.#leave();
    await this.#amend(drag.key, line, drag.to);
  }

  /**
   * @param {string} key
   * @param {Line} line
   * @param {number} price
   */
  async #amend(key, { order, field }, price) {
    const places = priceDecimals(this.desk.instrument);
    const text = places === null ? String(price) : price.toFixed(places);
    try {
      const question = `${this.trading.describe(order)}: move it to ${fixed(price, places)}?`;
      if (await this.confirm.ask("confirm_drags", question, `Move to ${fixed(price, places)}`)) {
        await this.trading.amend(order, { [field]: text });
      }
    } catch (problem) {
      this.notices.tell("WARNING", "Not amended", problem.message);
    } finally {
      this.#asked.delete(key);
      this.#drawSoon();
    }
  }

  /** Let go of a line and leave its order as it is. */
  #leave() {
    this.#drag = null;
    this.#plot.classList.remove("dragging", "on-line");
    this.#drawSoon();
  }

  /** @param {Event} event */
  #withhold(event) {
    if (!this.#drag) return;
    event.stopPropagation();
    if (event.cancelable) event.preventDefault();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key !== "Escape" || !this.#drag) return;
    event.stopPropagation();
    event.preventDefault();
    this.#leave();
  }

  /** @param {number} price */
  #onTick(price) {
    const tick = Number(this.desk.instrument?.tick);
    if (!tick) return price;
    return Number((Math.round(price / tick) * tick).toFixed(priceDecimals(this.desk.instrument)));
  }
}
