/** One moment under all crosshairs: where one chart is pointed at, the others show the candle of the same time. */

/** @typedef {import("../terminal/chart/chart.js").Chart} Chart */

export class SharedCrosshair {
  /** @type {Chart[]} */
  #charts = [];
  /** The chart under the pointer: the others answer to it, and it to none of them. @type {Chart | null} */
  #pointed = null;

  /** @param {Chart} chart */
  add(chart) {
    this.#charts.push(chart);
    const place = chart.api.chartElement();
    place.addEventListener("pointerenter", () => (this.#pointed = chart));
    place.addEventListener("pointerleave", () => {
      if (this.#pointed === chart) this.#pointed = null;
      this.#tell(chart, undefined);
    });
    chart.api.subscribeCrosshairMove(({ time }) => {
      if (chart === this.#pointed) this.#tell(chart, /** @type {number | undefined} */ (time));
    });
  }

  /**
   * @param {Chart} from
   * @param {number | undefined} time UTC seconds
   */
  #tell(from, time) {
    for (const chart of this.#charts) if (chart !== from) chart.pointAt(time);
  }
}
