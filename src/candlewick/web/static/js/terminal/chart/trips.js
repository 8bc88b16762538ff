/**
 * The trades of a backtest on a chart: from entry to exit, coloured by what came of it, with stop and target.
 *
 * There may be tens of thousands. Those in view are found by two binary searches, and only they are drawn.
 */

import { fixed, moment, percent, signed } from "../../format.js";
import { firstWhere } from "./places.js";
import { Primitive } from "./primitive.js";
import { DOWN, UP } from "./theme.js";

const MARKED_AT_MOST = 400; // of more in view the lines alone are drawn
const NEAR_PX = 8;
const SIGN_PX = 5;
const STOP = "#fdb44b";
const TARGET = "#7cc4ff";

/**
 * @typedef {object} Columns as the server tells them, in order of entry
 * @property {string} symbol
 * @property {string} timeframe
 * @property {number} left_off
 * @property {number[]} side
 * @property {number[]} entry_time
 * @property {(number | null)[]} exit_time
 * @property {number[]} entry_price
 * @property {number[]} exit_price
 * @property {number[]} size
 * @property {number[]} pnl
 * @property {number[]} returned
 * @property {(number | null)[]} stop
 * @property {(number | null)[]} target
 * @property {string[]} reason
 * @typedef {{at: number, x0: number, y0: number, x1: number, y1: number}} Drawn
 */

export class Trips extends Primitive {
  /** @type {Columns | null} */
  #trades = null;
  /** The latest exit of a trade and of all before it: it only rises. @type {number[]} */
  #lastExit = [];
  /** What was drawn last, for the pointer. @type {Drawn[]} */
  #drawn = [];
  #marked = -1;

  /** @param {import("./split.js").SplitSeries<any>} candles */
  constructor(candles) {
    super("top");
    this.candles = candles;
    candles.live.attachPrimitive(this);
  }

  get length() {
    return this.#trades?.side.length ?? 0;
  }

  /** How many were drawn last. */
  get drawn() {
    return this.#drawn.length;
  }

  /** @param {Columns | null} trades */
  show(trades) {
    this.#trades = trades;
    this.#marked = -1;
    let last = -Infinity;
    this.#lastExit = (trades?.exit_time ?? []).map((time) => (last = Math.max(last, time ?? Infinity)));
    this.redraw();
  }

  /** @param {number} at of the trade that stands out, -1 for none */
  mark(at) {
    if (at === this.#marked) return;
    this.#marked = at;
    this.redraw();
  }

  /**
   * The trade under a pointer.
   * @param {number} x
   * @param {number} y
   * @returns {number} -1 if there is none
   */
  under(x, y) {
    let best = -1;
    let distance = NEAR_PX;
    for (const trip of this.#drawn) {
      const away = distanceTo(trip, x, y);
      if (away < distance) [best, distance] = [trip.at, away];
    }
    return best;
  }

  /** @param {number} at */
  timesOf(at) {
    return { entered: this.#trades.entry_time[at], left: this.#trades.exit_time[at] };
  }

  /**
   * What there is to say of a trade, line by line.
   * @param {number} at
   * @param {number | null} places decimals of the price
   * @returns {{title: string, result: string, isWin: boolean, lines: [string, string][]}}
   */
  describe(at, places) {
    const of = this.#trades;
    const left = of.exit_time[at];
    const profit = of.pnl[at];
    /** @type {[string, string][]} */
    const lines = [
      ["In", `${fixed(of.entry_price[at], places)} · ${moment(of.entry_time[at] * 1000)}`],
      [left === null ? "Now" : "Out", `${fixed(of.exit_price[at], places)} · ${left === null ? "open" : moment(left * 1000)}`],
      ["Why", of.reason[at].replaceAll("_", " ")],
    ];
    if (of.target[at] !== null) lines.splice(2, 0, ["Target", fixed(of.target[at], places)]);
    if (of.stop[at] !== null) lines.splice(2, 0, ["Stop", fixed(of.stop[at], places)]);
    return {
      title: `${of.side[at] > 0 ? "Long" : "Short"} ${fixed(of.size[at], null)}`,
      result: `${signed(profit)} (${percent(of.returned[at] * 100)})`,
      isWin: profit > 0,
      lines,
    };
  }

  remove() {
    this.candles.live.detachPrimitive(this);
  }

  /** Places of the trades in view. @returns {Drawn[]} */
  #inView() {
    const of = this.#trades;
    const { chart, series } = this.where;
    const seen = chart.timeScale().getVisibleRange();
    if (!of || !seen || !this.candles.length) return [];
    const first = firstWhere(this.length, (at) => this.#lastExit[at] >= Number(seen.from));
    const end = firstWhere(this.length, (at) => of.entry_time[at] > Number(seen.to));
    const found = [];
    for (let at = first; at < end; at += 1) {
      const x0 = this.#x(of.entry_time[at]);
      const x1 = this.#x(of.exit_time[at] ?? this.candles.last.time);
      const y0 = series.priceToCoordinate(of.entry_price[at]);
      const y1 = series.priceToCoordinate(of.exit_price[at]);
      if (x0 !== null && x1 !== null && y0 !== null && y1 !== null) found.push({ at, x0, y0, x1, y1 });
    }
    return found;
  }

  /**
   * Where the candle stands in which a time lies; a time before all of them lies at the first.
   * @param {number} time
   */
  #x(time) {
    const candle = this.candles.at(Math.max(0, this.candles.placeOf(time)));
    return this.where.chart.timeScale().timeToCoordinate(candle.time);
  }

  /** @param {any} target */
  draw(target) {
    this.#drawn = this.#inView();
    const of = this.#trades;
    target.useMediaCoordinateSpace(({ context }) => {
      for (const isWin of [true, false]) {
        context.strokeStyle = isWin ? UP : DOWN;
        context.lineWidth = 1.5;
        context.beginPath();
        for (const { at, x0, y0, x1, y1 } of this.#drawn) {
          if (of.pnl[at] > 0 !== isWin) continue;
          context.moveTo(x0, y0);
          context.lineTo(x1, y1);
        }
        context.stroke();
      }
      if (this.#drawn.length <= MARKED_AT_MOST) for (const trip of this.#drawn) this.#sign(context, trip);
      const marked = this.#drawn.find(({ at }) => at === this.#marked);
      if (marked) this.#stress(context, marked);
    });
  }

  /**
   * Entry and exit, and between them stop and target.
   * @param {CanvasRenderingContext2D} context
   * @param {Drawn} trip
   */
  #sign(context, { at, x0, y0, x1, y1 }) {
    const of = this.#trades;
    const way = of.side[at] > 0 ? 1 : -1;
    const to = Math.max(x1, x0 + SIGN_PX);
    this.#level(context, of.stop[at], STOP, x0, to);
    this.#level(context, of.target[at], TARGET, x0, to);
    context.fillStyle = way > 0 ? UP : DOWN;
    context.beginPath();
    context.moveTo(x0, y0);
    context.lineTo(x0 - SIGN_PX, y0 + way * 2 * SIGN_PX);
    context.lineTo(x0 + SIGN_PX, y0 + way * 2 * SIGN_PX);
    context.fill();
    if (of.exit_time[at] === null) return;
    context.fillStyle = of.pnl[at] > 0 ? UP : DOWN;
    context.strokeStyle = "#141414";
    context.lineWidth = 1;
    context.beginPath();
    context.rect(x1 - SIGN_PX + 1, y1 - SIGN_PX + 1, 2 * SIGN_PX - 2, 2 * SIGN_PX - 2);
    context.fill();
    context.stroke();
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {number | null} price
   * @param {string} color
   * @param {number} from
   * @param {number} to
   */
  #level(context, price, color, from, to) {
    const y = price === null ? null : this.where.series.priceToCoordinate(price);
    if (y === null) return;
    context.strokeStyle = color;
    context.lineWidth = 1;
    context.setLineDash([3, 3]);
    context.beginPath();
    context.moveTo(from, y);
    context.lineTo(to, y);
    context.stroke();
    context.setLineDash([]);
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Drawn} trip
   */
  #stress(context, trip) {
    context.strokeStyle = "#ffffff";
    context.lineWidth = 2.5;
    context.beginPath();
    context.moveTo(trip.x0, trip.y0);
    context.lineTo(trip.x1, trip.y1);
    context.stroke();
    this.#sign(context, trip);
  }
}

/**
 * @param {Drawn} trip
 * @param {number} x
 * @param {number} y
 */
function distanceTo({ x0, y0, x1, y1 }, x, y) {
  const [dx, dy] = [x1 - x0, y1 - y0];
  const length = dx * dx + dy * dy;
  const part = length === 0 ? 0 : Math.max(0, Math.min(1, ((x - x0) * dx + (y - y0) * dy) / length));
  return Math.hypot(x - x0 - part * dx, y - y0 - part * dy);
}
