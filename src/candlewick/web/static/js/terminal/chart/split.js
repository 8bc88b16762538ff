/**
 * A series drawn as two: settled history, and a short live part.
 *
 * An update of a Lightweight Charts series touches every bar loaded into that series. So updates go to
 * the short one, and only when it has grown are its bars folded into the long one.
 */

import { firstWhere, indexOfTime } from "./places.js";

const FOLD_AT = 400;

/** @typedef {{time: number}} Point */
/**
 * @template {Point} P
 */
export class SplitSeries {
  /** @type {P[]} */
  #settled = [];
  /** @type {P[]} */
  #recent = [];

  /**
   * @param {import("lightweight-charts").IChartApi} chart
   * @param {any} definition
   * @param {Record<string, unknown>} options
   * @param {{pane?: number, liveOptions?: Record<string, unknown>}} [more]
   */
  constructor(chart, definition, options, { pane = 0, liveOptions = {} } = {}) {
    this.chart = chart;
    // any: the library brands its times, ours are plain UTC seconds
    /** @type {import("lightweight-charts").ISeriesApi<any>} */
    this.history = chart.addSeries(definition, { ...options, lastValueVisible: false, priceLineVisible: false }, pane);
    /** @type {import("lightweight-charts").ISeriesApi<any>} */
    this.live = chart.addSeries(definition, { ...options, lastValueVisible: false, priceLineVisible: false, ...liveOptions }, pane);
  }

  get length() {
    return this.#settled.length + this.#recent.length;
  }

  /** @returns {P | undefined} */
  get first() {
    return this.#settled[0] ?? this.#recent[0];
  }

  /** @returns {P | undefined} */
  get last() {
    return this.#recent.at(-1) ?? this.#settled.at(-1);
  }

  /**
   * When the bar at a place from the left opens; places beyond either end are its end.
   * @param {number} index
   * @returns {number | undefined}
   */
  timeAt(index) {
    const at = Math.max(0, Math.min(Math.floor(index), this.length - 1));
    return this.at(at)?.time;
  }

  /**
   * @param {number} index from the left
   * @returns {P | undefined}
   */
  at(index) {
    return index < this.#settled.length ? this.#settled[index] : this.#recent[index - this.#settled.length];
  }

  /**
   * Where the last point stands that is not after a time; -1 if all are.
   * @param {number} time
   */
  placeOf(time) {
    return firstWhere(this.length, (at) => this.at(at).time > time) - 1;
  }

  /** @returns {P[]} oldest first */
  get points() {
    return [...this.#settled, ...this.#recent];
  }

  /** @param {P[]} points oldest first; the last one may still move */
  setAll(points) {
    this.#settled = points.slice(0, -1);
    this.#recent = points.slice(-1);
    this.#lay();
  }

  /** @param {P[]} points older than `first` */
  prepend(points) {
    const first = this.first?.time ?? Infinity;
    const older = points.filter(({ time }) => time < first);
    if (!older.length) return;
    if (this.length === 0) return this.setAll(older);
    this.#settled = [...older, ...this.#settled];
    this.history.setData(this.#settled);
  }

  /**
   * A newer value of the last point, the next point, or a correction of an earlier one.
   * @param {P} point
   */
  update(point) {
    const last = this.last;
    if (last === undefined) return this.setAll([point]);
    if (point.time < last.time) return this.#correct(point);
    if (point.time === last.time && this.#recent.length) this.#recent[this.#recent.length - 1] = point;
    else this.#recent.push(point);
    if (this.#recent.length > FOLD_AT) this.#fold();
    else this.live.update(point);
  }

  /**
   * Points that may be new, newer or known; any order in time.
   * @param {P[]} points
   */
  merge(points) {
    const joint = this.#recent[0]?.time ?? -Infinity;
    const news = points.filter((point) => point.time >= joint || !isSame(point, this.#settled[indexOfTime(this.#settled, point.time)]));
    if (news.length && news.every(({ time }) => time >= joint) && this.#settled.length) return this.#mergeRecent(news);
    if (!news.length) return;
    const all = new Map(this.points.map((point) => [point.time, point]));
    for (const point of points) all.set(point.time, point);
    this.setAll([...all.values()].sort((a, b) => a.time - b.time));
  }

  clear() {
    this.setAll([]);
  }

  remove() {
    this.chart.removeSeries(this.history);
    this.chart.removeSeries(this.live);
  }

  /** @param {Record<string, unknown>} options */
  applyOptions(options) {
    this.history.applyOptions(options);
    this.live.applyOptions(options);
  }

  /**
   * What the crosshair points at.
   * @param {import("lightweight-charts").MouseEventParams} event
   * @returns {any}
   */
  under(event) {
    return event.seriesData.get(this.live) ?? event.seriesData.get(this.history);
  }

  /** @param {P} point */
  #correct(point) {
    const recent = this.#recent.findIndex(({ time }) => time === point.time);
    if (recent >= 0) {
      this.#recent[recent] = point;
      this.live.update(point, true);
      return;
    }
    const settled = indexOfTime(this.#settled, point.time);
    if (settled < 0) return this.merge([point]);
    this.#settled[settled] = point;
    if (settled === this.#settled.length - 1) this.history.update(point);
    else this.history.update(point, true);
  }

  /** @param {P[]} points none of them settled: the long series is left as it is */
  #mergeRecent(points) {
    const all = new Map(this.#recent.map((point) => [point.time, point]));
    for (const point of points) all.set(point.time, point);
    this.#recent = [...all.values()].sort((a, b) => a.time - b.time);
    if (this.#recent.length > FOLD_AT) this.#fold();
    else this.#layRecent();
  }

  #fold() {
    this.setAll(this.points);
  }

  #lay() {
    this.history.setData(this.#settled);
    this.#layRecent();
  }

  #layRecent() {
    this.live.setData(this.#recent);
  }
}

/**
 * @param {Record<string, any>} one
 * @param {Record<string, any> | undefined} other
 */
function isSame(one, other) {
  return other !== undefined && Object.keys(one).every((name) => one[name] === other[name]);
}
