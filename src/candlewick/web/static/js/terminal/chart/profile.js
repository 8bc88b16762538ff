/** Volume by price at the right of the chart: the server's bins as bars, the value area brighter. */

import { get } from "../../api.js";
import { patiently } from "./history.js";
import { numbersOf } from "./catalogue.js";
import { Primitive } from "./primitive.js";

const PATH = "/api/dashboard/charts/volume-profile/";
const WIDEST = 0.16; // of the pane
const INSIDE = "66";
const OUTSIDE = "30";

/** @typedef {{edges: number[], volume: number[], poc: number | null, value_low: number | null, value_high: number | null}} Bins */

export class Profile extends Primitive {
  /** @type {Bins | null} */
  #bins = null;

  /**
   * @param {string} key with its numbers: period, bins, share
   * @param {() => string} color `#rrggbb`
   */
  constructor(key, color) {
    super("bottom");
    const [period, bins, share] = numbersOf(key);
    this.numbers = { period, bins, share };
    this.color = color;
  }

  /** @param {{symbol: string, interval: string, signal: AbortSignal}} scope */
  async load({ symbol, interval, signal }) {
    const bins = await patiently(() => get(PATH, { symbol, interval, ...this.numbers }, signal), signal);
    if (signal.aborted) return;
    this.#bins = bins;
    this.redraw();
  }

  clear() {
    this.#bins = null;
    this.redraw();
  }

  /** @param {any} target */
  draw(target) {
    const bins = this.#bins;
    if (!bins?.volume.length) return;
    const { series } = this.where;
    const most = Math.max(...bins.volume);
    if (most <= 0) return;
    target.useMediaCoordinateSpace(({ context, mediaSize }) => {
      bins.volume.forEach((volume, at) => {
        const top = series.priceToCoordinate(bins.edges[at + 1]);
        const bottom = series.priceToCoordinate(bins.edges[at]);
        if (top === null || bottom === null) return;
        const isInside = bins.edges[at] >= bins.value_low && bins.edges[at + 1] <= bins.value_high;
        const width = (volume / most) * WIDEST * mediaSize.width;
        context.fillStyle = this.color() + (isInside ? INSIDE : OUTSIDE);
        context.fillRect(mediaSize.width - width, top, width, Math.max(1, bottom - top - 1));
      });
    });
  }
}
