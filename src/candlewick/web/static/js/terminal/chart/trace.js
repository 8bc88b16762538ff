/**
 * The values of a series as a line, as dots or as bars from zero, drawn by our own hand.
 *
 * Lightweight Charts strokes a line through every bar in view with round joints, which costs a processor that
 * draws without help 4 ms a line where bars share pixels; and of bars that it merges it keeps one extreme of
 * two. Here no more is drawn than there are columns of pixels, dense lines as hairs, and no extreme is lost.
 * The series itself stays, unseen: its scale, its label and what is under the crosshair are the library's.
 */

import { drawnOf } from "./columns.js";
import { Primitive } from "./primitive.js";

const DENSE_PX = 4; // a bar's width below which a line is drawn as hairs
const DASHES = { solid: [], dashed: [4, 4], dotted: [1.5, 2] }; // widths of the line

/** A series whose values a trace draws: what the library would draw of it is left out. */
export const UNSEEN = { lineVisible: false, crosshairMarkerVisible: false };

/**
 * Scales a series so that these values stay in sight.
 * @param {number[]} values
 */
export function inSight(values) {
  return (/** @type {() => any} */ original) => {
    const found = original();
    if (!found?.priceRange || !values.length) return found;
    const { minValue, maxValue } = found.priceRange;
    return { ...found, priceRange: { minValue: Math.min(minValue, ...values), maxValue: Math.max(maxValue, ...values) } };
  };
}

/**
 * @typedef {{time: number, value?: number, color?: string}} Valued
 * @typedef {{form: "line" | "dots" | "bars", color: string, width: number, style: "solid" | "dashed" | "dotted"}} Pen
 */

export class Trace extends Primitive {
  /**
   * @param {import("./split.js").SplitSeries<Valued>} values
   * @param {() => Pen} pen a point's own colour goes before the pen's
   */
  constructor(values, pen) {
    super("normal");
    this.values = values;
    this.pen = pen;
    values.live.attachPrimitive(this);
  }

  /** @param {any} target */
  draw(target) {
    target.useBitmapCoordinateSpace(({ context, horizontalPixelRatio: across, verticalPixelRatio: down }) => {
      const { xs, points, spacing } = drawnOf(this.values, this.where.chart, across);
      const height = heightsOn(this.where.series, down);
      if (!points.length || !height) return;
      const pen = this.pen();
      const marks = { xs, ys: points.map(({ value }) => height(value)), colors: points.map(({ color }) => color ?? pen.color), spacing };
      if (pen.form === "bars") drawBars(context, marks, height(0));
      else if (pen.form === "dots") drawDots(context, marks, (2 + pen.width) * down, spacing < DENSE_PX * across);
      else drawLine(context, marks, pen, down, spacing < DENSE_PX * across);
    });
  }
}

/**
 * How far down on the canvas a value stands. Our scales are even: two heights tell all others, and asking the
 * library for each took a tenth of a frame.
 * @param {import("lightweight-charts").ISeriesApi<any>} series
 * @param {number} ratio pixels of the canvas to one of the page
 * @returns {((value: number) => number) | null} null while it has no scale
 */
function heightsOn(series, ratio) {
  const top = series.coordinateToPrice(0);
  const below = series.coordinateToPrice(100);
  if (top === null || below === null) return null;
  const each = (100 * ratio) / (below - top);
  return (value) => (value - top) * each;
}

/** @typedef {{xs: number[], ys: number[], colors: string[], spacing: number}} Marks */

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Marks} marks
 * @param {Pen} pen
 * @param {number} ratio pixels of the canvas to one of the page
 * @param {boolean} isDense
 */
function drawLine(context, marks, { width, style }, ratio, isDense) {
  const broad = width * ratio;
  // a line of one pixel has no outline to be filled: it costs a tenth, and so does a broad one made of several
  const hairs = isDense ? Math.max(1, Math.floor(broad)) : 1;
  context.lineWidth = isDense ? 1 : broad;
  context.lineJoin = "round";
  context.setLineDash(marks.spacing < 1 ? [] : DASHES[style].map((part) => part * broad));
  for (let hair = 0; hair < hairs; hair += 1) stroke(context, marks, hair - (hairs - 1) / 2);
  context.setLineDash([]);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Marks} marks
 * @param {number} lower by so many pixels
 */
function stroke(context, { xs, ys, colors, spacing }, lower) {
  context.beginPath();
  context.strokeStyle = colors[0];
  context.moveTo(xs.length > 1 ? xs[0] : xs[0] - spacing / 2, ys[0] + lower);
  if (xs.length === 1) context.lineTo(xs[0] + spacing / 2, ys[0] + lower);
  for (let at = 1; at < xs.length; at += 1) {
    context.lineTo(xs[at], ys[at] + lower);
    if (colors[at] === colors[at - 1]) continue;
    context.stroke();
    context.beginPath();
    context.strokeStyle = colors[at];
    context.moveTo(xs[at], ys[at] + lower);
  }
  context.stroke();
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Marks} marks
 * @param {number} size
 * @param {boolean} isDense
 */
function drawDots(context, { xs, ys, colors, spacing }, size, isDense) {
  const side = Math.max(1, Math.min(size, Math.round(spacing))); // of dense ones, which are squares: no broader than their bar
  for (let at = 0; at < xs.length; at += 1) {
    context.fillStyle = colors[at];
    if (isDense) {
      context.fillRect(Math.round(xs[at] - side / 2), ys[at] - side / 2, side, side);
      continue;
    }
    context.beginPath();
    context.arc(xs[at], ys[at], size / 2, 0, 2 * Math.PI);
    context.fill();
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Marks} marks
 * @param {number} zero
 */
function drawBars(context, { xs, ys, colors, spacing }, zero) {
  const gap = spacing >= 3 ? 1 : 0;
  for (let at = 0; at < xs.length; at += 1) {
    const isSameColumn = (/** @type {number} */ other) => Math.floor(xs[other]) === Math.floor(xs[at]);
    // of two on one side of zero the longer one stands for both
    const other = isSameColumn(at - 1) ? at - 1 : isSameColumn(at + 1) ? at + 1 : at;
    const isHidden = other !== at && ys[other] > zero === ys[at] > zero && Math.abs(ys[other] - zero) > Math.abs(ys[at] - zero);
    if (isHidden) continue;
    const left = spacing > 1 ? Math.round(xs[at] - spacing / 2) : Math.floor(xs[at]);
    const right = spacing > 1 ? Math.max(left + 1, Math.round(xs[at] + spacing / 2) - gap) : left + 1;
    context.fillStyle = colors[at];
    context.fillRect(left, Math.min(ys[at], zero), right - left, Math.max(1, Math.abs(ys[at] - zero)));
  }
}
