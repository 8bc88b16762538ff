/** Small signs under and over candles, where an indicator found something; only those in view are drawn. */

import { firstWhere, indexOfTime } from "./places.js";
import { Primitive } from "./primitive.js";
import { DOWN, UP } from "./theme.js";

const SIZE_PX = 5;
const AWAY_PX = 6;

/**
 * Behaves as a `SplitSeries` whose points are signs: above zero it points up, below zero down, zero is none.
 * @typedef {{time: number, value: number}} Sign
 */
export class Glyphs extends Primitive {
  /** @type {Sign[]} */
  #points = [];

  /**
   * @param {import("./split.js").SplitSeries<any>} candles that the signs belong to
   * @param {{up?: string, down?: string}} colors
   */
  constructor(candles, colors = {}) {
    super("top");
    this.candles = candles;
    this.colors = colors;
    candles.live.attachPrimitive(this);
  }

  get length() {
    return this.#points.length;
  }

  get first() {
    return this.#points[0];
  }

  get last() {
    return this.#points.at(-1);
  }

  /** @param {Sign[]} points */
  setAll(points) {
    this.#points = points;
    this.redraw();
  }

  /** @param {Sign[]} points older than `first` */
  prepend(points) {
    const first = this.first?.time ?? Infinity;
    this.setAll([...points.filter(({ time }) => time < first), ...this.#points]);
  }

  /** @param {Sign[]} points */
  merge(points) {
    const all = new Map(this.#points.map((point) => [point.time, point]));
    for (const point of points) all.set(point.time, point);
    this.setAll([...all.values()].sort((a, b) => a.time - b.time));
  }

  /** @param {Sign} point */
  update(point) {
    const last = this.last;
    if (last === undefined || point.time > last.time) this.#points.push(point);
    else if (point.time === last.time) this.#points[this.#points.length - 1] = point;
    else return this.merge([point]);
    this.redraw();
  }

  clear() {
    this.setAll([]);
  }

  remove() {
    this.candles.live.detachPrimitive(this);
  }

  /** @param {import("lightweight-charts").MouseEventParams} event */
  under(event) {
    return this.#points[indexOfTime(this.#points, Number(event.time))];
  }

  /** @param {any} target */
  draw(target) {
    const { chart, series } = this.where;
    const scale = chart.timeScale();
    const seen = scale.getVisibleRange();
    if (!seen) return;
    /** Of those that share a column of pixels the outermost: it hides the others. @type {Map<number, [number, number, boolean]>} */
    const outermost = new Map();
    for (let at = firstWhere(this.#points.length, (middle) => this.#points[middle].time >= Number(seen.from)); at < this.#points.length; at += 1) {
      const { time, value } = this.#points[at];
      if (time > Number(seen.to)) break;
      if (!value) continue;
      const x = scale.timeToCoordinate(/** @type {any} */ (time));
      const candle = this.candles.at(this.candles.placeOf(time));
      if (x === null || candle?.time !== time) continue;
      const isUp = value > 0;
      const edge = series.priceToCoordinate(isUp ? candle.low : candle.high);
      const place = 2 * Math.floor(x) + Number(isUp);
      const other = outermost.get(place);
      if (!other || edge > other[1] === isUp) outermost.set(place, [x, edge, isUp]);
    }
    target.useMediaCoordinateSpace(({ context }) => {
      for (const sign of outermost.values()) this.#drawOne(context, ...sign);
    });
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {number} x
   * @param {number} edge of its candle
   * @param {boolean} isUp
   */
  #drawOne(context, x, edge, isUp) {
    const way = isUp ? 1 : -1;
    context.fillStyle = (isUp ? this.colors.up : this.colors.down) ?? (isUp ? UP : DOWN);
    context.beginPath();
    context.moveTo(x, edge + way * AWAY_PX);
    context.lineTo(x - SIZE_PX, edge + way * (AWAY_PX + 1.6 * SIZE_PX));
    context.lineTo(x + SIZE_PX, edge + way * (AWAY_PX + 1.6 * SIZE_PX));
    context.fill();
  }
}
