/** One indicator on the chart: its lines, areas, signs and pane, filled with what the server computed. */

import { CandlestickSeries, LineSeries } from "lightweight-charts";
import { fixed, readable } from "../../format.js";
import { drawnBackBy, titleOf } from "./catalogue.js";
import { Glyphs } from "./glyphs.js";
import { SplitSeries } from "./split.js";
import { CANDLES, colorOf, DOWN, GUIDE, UP } from "./theme.js";
import { inSight, Trace, UNSEEN } from "./trace.js";

const FORMS = { line: "line", band: "line", dots: "dots", histogram: "bars" };
const PALE = "61"; // of a histogram's bars, behind #rrggbb
const PANE_MARGINS = { top: 0.16, bottom: 0.06 }; // its legend stands at the top, and no volume below

/**
 * @typedef {import("./catalogue.js").Kind} Kind
 * @typedef {{key: string, colors: Record<string, string>, width: number, style: "solid" | "dashed" | "dotted", hidden: boolean}} Look
 * @typedef {{time: number, value: number | null}} Point
 * @typedef {Record<string, Point[]>} Lines by name
 */

export class Study {
  /** @type {Map<string, any>} series by the name of the line that they draw; candles by `candle` */
  #series = new Map();
  /** UTC seconds from which on it is filled. */
  reach = Infinity;
  /** Bars of volume beside the prices, of the one that has them. @type {import("./profile.js").Profile | null} */
  profile = null;
  /** What a relative one's live level lies off ours, once both are known of one bar. @type {number | null} */
  #shift = null;
  /** @type {{time: number, before: number} | null} */
  #told = null;

  /**
   * @param {import("lightweight-charts").IChartApi} chart
   * @param {{kind: Kind, look: Look, pane: number, candles: SplitSeries<any>, places: () => number | null}} of
   */
  constructor(chart, { kind, look, pane, candles, places }) {
    this.chart = chart;
    this.kind = kind;
    this.look = look;
    this.candles = candles;
    this.places = places;
    this.isOwn = kind.pane === "own";
    this.turns = kind.outputs.some(({ name, draw }) => draw === "none" && name === "direction");
    for (const output of kind.outputs) this.#add(output, pane);
    this.#addBand();
    if (this.isOwn) this.#settle();
  }

  get key() {
    return this.look.key;
  }

  get title() {
    return titleOf(this.kind, this.key);
  }

  /** Whether it stands in the place of the candles. */
  get isCandles() {
    return this.#series.has("candle");
  }

  /** Its pane, where it has one of its own. */
  get pane() {
    return this.isOwn ? this.#anySeries().live.getPane() : null;
  }

  /** @param {string} name of a line */
  color(name) {
    return this.look.colors[name] ?? colorOf(this.kind, name);
  }

  /** @param {import("./profile.js").Profile} profile */
  addProfile(profile) {
    this.profile = profile;
    this.candles.live.attachPrimitive(profile);
  }

  clear() {
    this.reach = Infinity;
    this.#shift = this.#told = null;
    for (const series of this.#series.values()) series.clear();
    this.profile?.clear();
  }

  /**
   * An older page; of a relative one it reaches over the first bar that is there, and is laid against it.
   * @param {Lines} lines
   */
  prepend(lines) {
    for (const [name, series] of this.#series) {
      const points = this.#pointsOf(lines, name);
      const first = series.first;
      if (this.kind.relative && first) lift(points, first.value - (points.find(({ time }) => time === first.time)?.value ?? first.value));
      if (series.length && this.#backBy(name)) series.merge(points);
      else series.prepend(points);
    }
  }

  /**
   * Newer points, and some that are there.
   * @param {Lines} lines
   */
  merge(lines) {
    for (const [name, series] of this.#series) {
      const points = this.#pointsOf(lines, name);
      if (this.kind.relative && points.length) {
        const joint = series.at(series.placeOf(points[0].time));
        if (joint?.time === points[0].time) lift(points, joint.value - points[0].value);
        this.#shift = null;
      }
      series.merge(points);
    }
  }

  /**
   * The open bar, live.
   * @param {{time: number, value?: number | null, values?: Record<string, number | null>, before?: number}} told
   * @param {number} length of an interval in seconds
   */
  update(told, length) {
    if (this.reach === Infinity) return; // a line whose history is on its way starts with it, not with a dot
    const values = told.values ?? { [this.kind.outputs[0].name]: told.value };
    const lifted = this.kind.relative ? this.#lifted(told, length) : values;
    if (!lifted) return;
    if (this.isCandles) {
      const { open, high, low, close } = lifted;
      if (open !== null) this.#series.get("candle").update({ time: told.time, open, high, low, close });
      return;
    }
    for (const [name, series] of this.#series) {
      const value = lifted[name];
      const time = this.#timeBack(told.time, this.#backBy(name));
      if (value !== null && value !== undefined && time !== undefined) series.update(this.#point(name, time, value, lifted));
    }
  }

  /** @param {Look} look the same indicator, looking otherwise */
  restyle(look) {
    this.look = look;
    for (const [name, series] of this.#series) {
      const output = this.kind.outputs.find((each) => each.name === name);
      if (output && series instanceof SplitSeries) series.applyOptions(this.#options(output));
      if (output?.draw === "histogram" || series instanceof Glyphs) this.#repaint(name, series);
    }
  }

  remove() {
    this.reach = Infinity;
    if (this.profile) this.candles.live.detachPrimitive(this.profile);
    for (const series of this.#series.values()) series.remove();
    this.#series.clear();
  }

  /**
   * What the legend says: of the bar under the crosshair, or of the last one.
   * @param {import("lightweight-charts").MouseEventParams | null} event
   */
  figures(event) {
    const write = this.isOwn ? readable : (/** @type {number | undefined} */ value) => fixed(value, this.places());
    return [...this.#series].flatMap(([name, series]) => {
      const point = event ? series.under(event) : series.last;
      if (name === "candle") return ["open", "high", "low", "close"].map((price) => ({ name: price, color: point?.close >= point?.open ? UP : DOWN, text: write(point?.[price]) }));
      if (series instanceof Glyphs) return [{ name, color: point?.value < 0 ? DOWN : UP, text: fixed(point?.value, 0) }];
      return [{ name, color: this.#pointColor(name, point?.value ?? 0, { direction: point?.color === DOWN ? -1 : 1 })?.slice(0, 7) ?? this.color(name), text: write(point?.value) }];
    });
  }

  /**
   * @param {import("./catalogue.js").Output} output
   * @param {number} pane
   */
  #add(output, pane) {
    if (output.draw === "none") return;
    if (output.draw === "marker") return void this.#series.set(output.name, new Glyphs(this.candles, this.#signColors()));
    if (output.draw === "candle") {
      if (!this.isCandles) this.#series.set("candle", new SplitSeries(this.chart, CandlestickSeries, this.#withFormat({ ...CANDLES }), { pane }));
      return;
    }
    const series = new SplitSeries(this.chart, LineSeries, this.#options(output), { pane, liveOptions: { lastValueVisible: this.isOwn } });
    new Trace(series, () => ({ form: FORMS[output.draw], color: this.color(output.name), width: this.look.width === 1 ? 1.5 : this.look.width, style: this.look.style }));
    this.#series.set(output.name, series);
  }

  /** The area between two lines: fetched where there is one, and drawn when it has come. */
  async #addBand() {
    const [one, other] = this.kind.outputs.filter(({ draw }) => draw === "band").map(({ name }) => name);
    if (!other) return;
    const { Band } = await import("./band.js");
    const [above, below] = [this.#series.get(one), this.#series.get(other)];
    if (above) above.live.attachPrimitive(new Band(above, below, () => [this.color(one), this.color(other)]));
  }

  /** Its own pane: customary lines across it, and room for its legend. */
  #settle() {
    const series = this.#anySeries();
    for (const price of this.kind.levels) series.history.createPriceLine({ ...GUIDE, price });
    series.live.priceScale().applyOptions({ scaleMargins: PANE_MARGINS });
  }

  /** @param {import("./catalogue.js").Output} output */
  #options({ name }) {
    return this.#withFormat({ ...UNSEEN, color: this.color(name) });
  }

  /** @param {Record<string, unknown>} options */
  #withFormat(options) {
    if (!this.isOwn) return { ...options, priceFormat: { type: "custom", minMove: 1e-8, formatter: (/** @type {number} */ price) => fixed(price, this.places()) } };
    // the customary lines stay in sight, and what bars stand on
    const kept = this.kind.outputs.some(({ draw }) => draw === "histogram") ? [...this.kind.levels, 0] : this.kind.levels;
    return {
      ...options,
      priceFormat: { type: "custom", minMove: 1e-8, formatter: readable },
      autoscaleInfoProvider: inSight(kept),
    };
  }

  /**
   * The points of a series that are known, as it takes them.
   * @param {Lines} lines
   * @param {string} name
   * @returns {any[]}
   */
  #pointsOf(lines, name) {
    if (name === "candle") {
      const { open, high, low, close } = lines;
      return open.flatMap(({ time, value }, at) => (value === null ? [] : [{ time, open: value, high: high[at].value, low: low[at].value, close: close[at].value }]));
    }
    const back = this.#backBy(name);
    return lines[name].flatMap(({ time, value }, at) => {
      const drawnAt = back ? (lines[name][at - back]?.time ?? this.#timeBack(time, back)) : time;
      if (value === null || drawnAt === undefined) return [];
      return [this.#point(name, drawnAt, value, this.turns ? { direction: lines.direction[at].value } : {})];
    });
  }

  /**
   * @param {string} name
   * @param {number} time
   * @param {number} value
   * @param {Record<string, number | null | undefined>} beside other lines of the same bar
   */
  #point(name, time, value, beside) {
    const color = this.#pointColor(name, value, beside);
    return color ? { time, value, color } : { time, value };
  }

  /**
   * The colour of a single point, where that says something and the person has not chosen one.
   * @param {string} name
   * @param {number} value
   * @param {Record<string, number | null | undefined>} beside
   */
  #pointColor(name, value, beside) {
    if (this.look.colors[name]) return undefined;
    if (this.turns) return (beside.direction ?? 1) > 0 ? UP : DOWN;
    const draw = this.kind.outputs.find((each) => each.name === name)?.draw;
    return draw === "histogram" ? (value >= 0 ? UP : DOWN) + PALE : undefined;
  }

  /**
   * @param {string} name
   * @param {any} series
   */
  #repaint(name, series) {
    if (series instanceof Glyphs) Object.assign(series.colors, this.#signColors());
    else series.setAll(series.points.map(({ time, value }) => this.#point(name, time, value, {})));
  }

  #signColors() {
    const chosen = this.look.colors[this.kind.outputs[0].name];
    return { up: chosen ?? UP, down: chosen ?? DOWN };
  }

  /** @param {string} name */
  #backBy(name) {
    const output = this.kind.outputs.find((each) => each.name === name);
    return output ? drawnBackBy(this.kind, output, this.key) : 0;
  }

  /**
   * When the bar opened that lies so many before another; bars that are not loaded have none.
   * @param {number} time
   * @param {number} bars
   */
  #timeBack(time, bars) {
    if (!bars) return time;
    const at = this.candles.placeOf(time);
    const isAhead = this.candles.at(at)?.time !== time; // its candle has not come yet
    return this.candles.at(at - bars + (isAhead ? 1 : 0))?.time;
  }

  /**
   * A relative one's live level, laid against ours at the last closed bar.
   * @param {{time: number, value?: number | null, before?: number}} told
   * @param {number} length
   */
  #lifted({ time, value, before }, length) {
    const name = this.kind.outputs[0].name;
    const series = this.#series.get(name);
    if (before === undefined || value === null || value === undefined) return null;
    const closed = series.at(series.placeOf(time - length));
    if (this.#told?.time === time && this.#told.before !== before) this.#shift = null; // the server began anew
    if (this.#shift === null) {
      if (closed?.time !== time - length) return null;
      this.#shift = closed.value - before;
    } else if (closed?.time === time - length && this.#told?.time !== time) {
      series.update({ time: closed.time, value: before + this.#shift }); // as it closed, not as it was last told
    }
    this.#told = { time, before };
    return { [name]: value + this.#shift };
  }

  #anySeries() {
    return [...this.#series.values()].find((series) => series instanceof SplitSeries);
  }
}

/**
 * @param {{value: number}[]} points
 * @param {number} by
 */
function lift(points, by) {
  for (const point of points) point.value += by;
}
