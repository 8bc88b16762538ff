/**
 * Points of time that are still to come, laid on the time scale ahead.
 *
 * A new point of time makes Lightweight Charts hand every bar of every series through again, a visible
 * hitch when a hundred thousand are loaded. A point that is on the scale already costs nothing.
 */

import { LineSeries } from "lightweight-charts";

const AHEAD = 500;
const RENEW_AT = 50;

export class Future {
  #end = 0;

  /** @param {import("lightweight-charts").IChartApi} chart */
  constructor(chart) {
    /** @type {import("lightweight-charts").ISeriesApi<any>} */
    this.series = chart.addSeries(LineSeries, { lastValueVisible: false, priceLineVisible: false });
  }

  clear() {
    this.#end = 0;
    this.series.setData([]);
  }

  /**
   * @param {number} last UTC seconds of the newest candle
   * @param {number} length of an interval in seconds
   */
  reachBeyond(last, length) {
    if (last + RENEW_AT * length < this.#end) return;
    this.#end = last + AHEAD * length;
    this.series.setData(Array.from({ length: AHEAD }, (_, at) => ({ time: last + (at + 1) * length })));
  }
}
