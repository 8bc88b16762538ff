/** What of a series is drawn: all of its points in view; where many share a column of pixels, its lowest and highest. */

/**
 * @template {{time: number, value?: number}} P
 * @typedef {{xs: number[], points: P[], spacing: number}} Drawn from left to right; in pixels of the canvas
 */

/**
 * @template {{time: number, value?: number}} P
 * @param {import("./split.js").SplitSeries<P>} series
 * @param {import("lightweight-charts").IChartApi} chart
 * @param {number} ratio pixels of the canvas to one of the page
 * @returns {Drawn<P>} at most two points a column
 */
export function drawnOf(series, chart, ratio) {
  const scale = chart.timeScale();
  const seen = scale.getVisibleRange();
  /** @type {Drawn<P>} */
  const drawn = { xs: [], points: [], spacing: 0 };
  if (!seen || !series.length) return drawn;
  const indexOf = (/** @type {number} */ at) => Number(scale.timeToIndex(/** @type {any} */ (series.at(at).time), true));
  const left = scale.logicalToCoordinate(/** @type {any} */ (0)) * ratio;
  drawn.spacing = scale.logicalToCoordinate(/** @type {any} */ (1)) * ratio - left;
  // one more on either side: a line goes on beyond the edges
  const first = Math.max(0, series.placeOf(Number(seen.from)) - 1);
  const last = Math.min(series.length - 1, series.placeOf(Number(seen.to)) + 1);
  const column = new Column(drawn);
  for (const { from, to, index } of stretches(first, last, indexOf)) {
    for (let at = from; at <= to; at += 1) {
      const point = series.at(at);
      if (point.value !== undefined) column.take(left + (index + at - from) * drawn.spacing, point);
    }
  }
  column.end();
  return drawn;
}

/** @template {{time: number, value?: number}} P */
class Column {
  #at = NaN;
  /** @type {P} */ #low;
  /** @type {P} */ #high;
  #lowX = 0;
  #highX = 0;

  /** @param {Drawn<P>} into */
  constructor(into) {
    this.into = into;
  }

  /**
   * @param {number} x
   * @param {P} point
   */
  take(x, point) {
    const at = Math.floor(x);
    if (at !== this.#at) {
      this.end();
      this.#at = at;
      this.#low = this.#high = point;
      this.#lowX = this.#highX = x;
    } else if (point.value < this.#low.value) {
      this.#low = point;
      this.#lowX = x;
    } else if (point.value > this.#high.value) {
      this.#high = point;
      this.#highX = x;
    }
  }

  end() {
    if (Number.isNaN(this.#at)) return;
    const isFalling = this.#highX < this.#lowX;
    this.#put(isFalling ? this.#highX : this.#lowX, isFalling ? this.#high : this.#low);
    if (this.#low === this.#high) return;
    this.#put(isFalling ? this.#lowX : this.#highX, isFalling ? this.#low : this.#high);
  }

  /**
   * @param {number} x
   * @param {P} point
   */
  #put(x, point) {
    this.into.xs.push(x);
    this.into.points.push(point);
  }
}

/**
 * Stretches of points that follow one another on the time scale: two questions tell it of thousands of points.
 * @param {number} from the first place
 * @param {number} to the last one
 * @param {(at: number) => number} indexOf a place, on the time scale
 * @returns {Generator<{from: number, to: number, index: number}>}
 */
export function* stretches(from, to, indexOf) {
  if (from > to) return;
  const index = indexOf(from);
  if (indexOf(to) - index === to - from) {
    yield { from, to, index };
    return;
  }
  const middle = (from + to) >> 1;
  yield* stretches(from, middle, indexOf);
  yield* stretches(middle + 1, to, indexOf);
}
