/** The area between two lines, in the colour of the one on top; only what is in view is drawn. */

import { Primitive } from "./primitive.js";

/** @typedef {import("./split.js").SplitSeries<{time: number, value?: number}>} Line */

const OPACITY = "1f"; // of 255 in hexadecimal, behind #rrggbb

export class Band extends Primitive {
  /**
   * @param {Line} one
   * @param {Line} other
   * @param {() => [string, string]} colors `#rrggbb` of either
   */
  constructor(one, other, colors) {
    super("bottom");
    this.one = one;
    this.other = other;
    this.colors = colors;
  }

  /** @param {any} target */
  draw(target) {
    if (!this.where || !this.one.length || !this.other.length) return;
    target.useMediaCoordinateSpace(({ context }) => {
      for (const { isOver, points } of this.#stretches()) {
        context.fillStyle = this.colors()[isOver ? 0 : 1] + OPACITY;
        context.beginPath();
        for (const [x, y] of points) context.lineTo(x, y);
        for (const [x, , y] of points.toReversed()) context.lineTo(x, y);
        context.fill();
      }
    });
  }

  /** Stretches of the view in which one and the same line is on top. */
  *#stretches() {
    const { chart, series } = this.where;
    const scale = chart.timeScale();
    const seen = scale.getVisibleLogicalRange();
    const times = scale.getVisibleRange();
    if (!seen || !times) return;
    const first = Math.max(0, this.one.placeOf(Number(times.from)) - 1);
    const last = Math.min(this.one.length - 1, this.one.placeOf(Number(times.to)) + 1);
    const step = Math.max(1, Math.floor((seen.to - seen.from) / scale.width())); // no more of them than pixels
    const shift = this.other.placeOf(this.one.at(first)?.time ?? 0) - first;
    let isOver = false;
    /** @type {[number, number, number][]} */
    let points = [];
    for (let at = first; at <= last; at += step) {
      const above = this.one.at(at);
      let below = this.other.at(at + shift);
      if (below?.time !== above.time) below = this.other.at(this.other.placeOf(above.time));
      const x = scale.timeToCoordinate(/** @type {any} */ (above.time));
      const tops = above.value === undefined ? null : series.priceToCoordinate(above.value);
      const bottoms = below?.time !== above.time || below.value === undefined ? null : series.priceToCoordinate(below.value);
      if (x === null || tops === null || bottoms === null) {
        if (points.length) yield { isOver, points };
        points = [];
        continue;
      }
      const next = /** @type {[number, number, number]} */ ([x, tops, bottoms]);
      if (points.length && isOver !== above.value >= below.value) {
        const joint = crossing(points.at(-1), next);
        yield { isOver, points: [...points, joint] };
        points = [joint];
      }
      isOver = above.value >= below.value;
      points.push(next);
    }
    if (points.length) yield { isOver, points };
  }
}

/**
 * Where the two lines meet between two places.
 * @param {[number, number, number]} from
 * @param {[number, number, number]} to
 * @returns {[number, number, number]}
 */
function crossing([x0, a0, b0], [x1, a1, b1]) {
  const apart = a0 - b0 - (a1 - b1);
  const part = apart === 0 ? 0 : (a0 - b0) / apart;
  const y = a0 + part * (a1 - a0);
  return [x0 + part * (x1 - x0), y, y];
}
