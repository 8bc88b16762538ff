/** Indicators on the chart. The server computes them; here they are fetched, followed and drawn. */

import { LineSeries, LineStyle } from "lightweight-charts";
import { get } from "../../api.js";
import { fixed } from "../../format.js";
import { patiently } from "./history.js";
import { SplitSeries } from "./split.js";
import { line, LINES } from "./theme.js";

const PATH = "/api/dashboard/charts/indicators/";
const CHUNK = 2000;
const STORED = "candlewick.indicators";
const DEFAULT = ["ema:20", "rsi:14"];

/** @typedef {{spec: string, name: string, pane: "price" | "own", color: string}} Kind */

/** @type {Kind[]} what the menu offers */
export const OFFERED = [
  { spec: "ema:20", name: "EMA 20", pane: "price", color: LINES[0] },
  { spec: "ema:50", name: "EMA 50", pane: "price", color: LINES[1] },
  { spec: "ema:200", name: "EMA 200", pane: "price", color: LINES[2] },
  { spec: "rsi:14", name: "RSI 14", pane: "own", color: "#ffa500" },
];

const OWN = {
  priceFormat: { type: "price", precision: 1, minMove: 0.1 },
  autoscaleInfoProvider: () => ({ priceRange: { minValue: 10, maxValue: 90 } }), // the RSI seldom leaves it
};

export class Indicators {
  /** @type {Map<string, SplitSeries<any>>} */
  #series = new Map();
  /** @type {{symbol: string, interval: string, length: number, signal: AbortSignal} | null} */
  #scope = null;
  /** UTC seconds from which on the lines are filled: no further back than anybody has looked. */
  #reach = Infinity;
  #isReachingBack = false;
  #unsubscribe = () => {};

  /**
   * @param {import("lightweight-charts").IChartApi} chart
   * @param {{live: import("../../live.js").Live, changed: () => void, failed: (problem: Error) => void}} parts
   */
  constructor(chart, { live, changed, failed }) {
    this.chart = chart;
    this.live = live;
    this.changed = changed;
    this.failed = failed;
    this.active = stored();
  }

  /** @param {string} spec */
  isOn(spec) {
    return this.active.includes(spec);
  }

  /**
   * Another symbol or interval: empty lines that are filled as ranges are asked for.
   * @param {{symbol: string, interval: string, length: number, signal: AbortSignal}} scope
   */
  open(scope) {
    this.#scope = scope;
    this.#reach = Infinity;
    this.#isReachingBack = false;
    for (const spec of this.active) this.#line(spec).clear();
    this.#follow();
  }

  /**
   * Switch a line on or off. One that is on reaches as far back as the others do.
   * @param {string} spec
   * @param {number | undefined} last UTC seconds of the newest candle
   */
  toggle(spec, last) {
    if (this.isOn(spec)) {
      this.active = this.active.filter((each) => each !== spec);
      this.#series.get(spec)?.remove();
      this.#series.delete(spec);
    } else {
      this.active = OFFERED.map((kind) => kind.spec).filter((each) => each === spec || this.isOn(each));
      this.#line(spec);
      if (last !== undefined && this.#reach < last) this.load(this.#reach, last, [spec]);
    }
    store(this.active);
    this.#follow();
    this.changed();
  }

  /**
   * Fill the lines for the candles from `first` to `last`, newest part first.
   * @param {number} first UTC seconds
   * @param {number} last UTC seconds
   */
  async load(first, last, specs = this.active) {
    const scope = this.#scope;
    if (!scope || !specs.length) return;
    const step = CHUNK * scope.length;
    try {
      for (let end = last + scope.length; end > first; end -= step) {
        const lines = await this.#fetch(scope, specs, Math.max(first, end - step), end);
        if (scope !== this.#scope) return;
        for (const [spec, points] of Object.entries(lines)) this.#series.get(spec)?.merge(points.filter(isKnown));
      }
    } catch (problem) {
      if (!scope.signal.aborted) this.failed(problem);
    }
    this.changed();
  }

  /**
   * Fill the lines back to what is looked at.
   * @param {number} first UTC seconds of the oldest candle that is loaded
   * @param {number} wanted UTC seconds of the oldest that is looked at
   * @param {number} last UTC seconds of the newest candle
   */
  async reachBack(first, wanted, last) {
    const scope = this.#scope;
    if (!scope || this.#isReachingBack || !this.active.length) return;
    this.#isReachingBack = true;
    try {
      while (scope === this.#scope && this.#reach > wanted) {
        const end = Math.min(this.#reach, last + scope.length);
        const start = Math.max(first, end - CHUNK * scope.length);
        const lines = await this.#fetch(scope, this.active, start, end);
        if (scope !== this.#scope) return;
        for (const [spec, points] of Object.entries(lines)) this.#series.get(spec)?.prepend(points.filter(isKnown));
        this.#reach = start;
        this.changed();
      }
      if (scope === this.#scope) this.#isReachingBack = false;
    } catch (problem) {
      if (!scope.signal.aborted) this.failed(problem); // told once: the next scroll would only ask the same
    }
  }

  /**
   * @param {{symbol: string, interval: string, signal: AbortSignal}} scope
   * @param {string[]} specs
   * @param {number} start UTC seconds, the first that is given
   * @param {number} end UTC seconds, the first that is not given
   * @returns {Promise<Record<string, {time: number, value: number | null}[]>>}
   */
  #fetch({ symbol, interval, signal }, specs, start, end) {
    const query = { symbol, interval, indicators: specs.join(","), start, end };
    return patiently(() => get(PATH, query, signal), signal);
  }

  /**
   * What the legend says: of the point under the crosshair, or the last one.
   * @param {import("lightweight-charts").MouseEventParams | null} event
   * @param {number | null} places decimals of the price
   */
  texts(event, places) {
    return this.active.map((spec) => {
      const kind = kindOf(spec);
      const series = this.#series.get(spec);
      const value = event ? series?.under(event)?.value : series?.last?.value;
      return { name: kind.name, color: kind.color, text: fixed(value, kind.pane === "price" ? places : 1) };
    });
  }

  #follow() {
    this.#unsubscribe();
    const scope = this.#scope;
    if (!scope) return;
    const channels = new Map(
      this.active.map((spec) => [`indicators:${scope.symbol}:${scope.interval}:${spec.replaceAll(":", "-")}`, spec]),
    );
    this.#unsubscribe = this.live.subscribe([...channels.keys()], ({ type, channel, data }) => {
      const series = this.#series.get(channels.get(channel));
      // a line whose history is still on its way starts with it, and not with a dot at its end
      if (type === "indicator" && this.#reach !== Infinity && isKnown(data)) series?.update(data);
    });
  }

  /** @param {string} spec */
  #line(spec) {
    const known = this.#series.get(spec);
    if (known) return known;
    const kind = kindOf(spec);
    const isOwn = kind.pane === "own";
    const options = { ...line(kind.color), ...(isOwn ? OWN : {}) };
    const series = new SplitSeries(this.chart, LineSeries, options, {
      pane: isOwn ? 1 : 0,
      liveOptions: { lastValueVisible: isOwn },
      isLine: true,
    });
    if (isOwn) this.#guide(series);
    this.#series.set(spec, series);
    return series;
  }

  /** The RSI's own pane with the customary lines at 30 and 70. */
  #guide(series) {
    for (const price of [30, 70]) {
      series.history.createPriceLine({ price, color: "#857b68", lineWidth: 1, lineStyle: LineStyle.Dotted, axisLabelVisible: false });
    }
    series.live.priceScale().applyOptions({ scaleMargins: { top: 0.06, bottom: 0.06 } }); // no volume below
    const panes = this.chart.panes();
    panes[0]?.setStretchFactor(4);
    panes[1]?.setStretchFactor(1);
  }
}

/** @param {{value: number | null}} point */
function isKnown({ value }) {
  return value !== null && value !== undefined;
}

/**
 * @param {string} spec
 * @returns {Kind}
 */
function kindOf(spec) {
  return OFFERED.find((kind) => kind.spec === spec);
}

/** What the person chose before; storage may hold anything. */
function stored() {
  try {
    const specs = JSON.parse(localStorage.getItem(STORED) ?? "null");
    return Array.isArray(specs) ? OFFERED.map(({ spec }) => spec).filter((spec) => specs.includes(spec)) : DEFAULT;
  } catch {
    return DEFAULT;
  }
}

/** @param {string[]} specs */
function store(specs) {
  try {
    localStorage.setItem(STORED, JSON.stringify(specs));
  } catch {
    // a browser that keeps nothing shows the usual lines again the next time
  }
}
