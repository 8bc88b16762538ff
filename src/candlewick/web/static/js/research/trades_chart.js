/** The trades of a backtest on its own candles: a window that grows to either side, and steps from trade to trade. */

import { CandlestickSeries, createChart } from "lightweight-charts";
import { get } from "../api.js";
import { byId, setText } from "../cells.js";
import { decimals, fixed } from "../format.js";
import { SplitSeries } from "../terminal/chart/split.js";
import { CANDLES, CHART } from "../terminal/chart/theme.js";
import { TripCard } from "../terminal/chart/trip_card.js";
import { Trips } from "../terminal/chart/trips.js";

const PATH = "/api/dashboard/charts/ohlcv/";
const PAGE = 2_000;
const LOAD_WITHIN_BARS = 150;
const AROUND_BARS = 30;
const SCALE = { ...CHART.rightPriceScale, scaleMargins: { top: 0.1, bottom: 0.1 } };

/** @param {HTMLElement} place with the study's number, its bars' length and their number of seconds */
export function drawTrades(place) {
  if ("drawn" in place.dataset) return;
  place.dataset.drawn = "";
  const seen = new IntersectionObserver((entries) => {
    if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
    seen.disconnect();
    new TradesChart(place).open();
  });
  seen.observe(place);
}

class TradesChart {
  #market = /** @type {HTMLSelectElement} */ (byId("trades-market"));
  #said = byId("trades-said");
  /** @type {number | null} */
  #places = null;
  #isLoading = false;
  /** No candles lie before the first, or behind the last. */
  #ends = { older: false, newer: false };
  #at = -1;
  #opened = 0;
  /** @type {import("../terminal/chart/trips.js").Columns | null} */
  #trades = null;

  /** @param {HTMLElement} place */
  constructor(place) {
    this.place = place;
    this.api = createChart(place, { ...CHART, rightPriceScale: SCALE, timeScale: { ...CHART.timeScale, rightOffset: 4 } });
    /** @type {SplitSeries<any>} */
    this.candles = new SplitSeries(this.api, CandlestickSeries, { ...CANDLES, priceFormat: { type: "custom", minMove: 1e-8, formatter: (/** @type {number} */ price) => fixed(price, this.#places) } });
    this.trips = new Trips(this.candles);
    this.card = new TripCard(place, this.api, this.trips, () => this.#places);
    this.api.timeScale().subscribeVisibleLogicalRangeChange((range) => range && this.#grow(range));
    this.#market.addEventListener("change", () => this.open());
    byId("trade-before").addEventListener("click", () => this.#step(-1));
    byId("trade-after").addEventListener("click", () => this.#step(+1));
  }

  async open() {
    const opened = (this.#opened += 1);
    this.#at = -1;
    this.card.hide();
    this.#tell("Loading the trades…");
    try {
      const trades = await get(`/api/research/backtests/${this.place.dataset.study}/trades/`, { symbol: this.#market.value });
      if (opened !== this.#opened) return;
      this.#trades = trades;
      this.trips.show(trades);
      if (!this.trips.length) return this.#tell("It made no trades in this market.");
      await this.#goTo(this.trips.length - 1);
    } catch (problem) {
      if (opened === this.#opened) this.#tell(problem.message);
    }
  }

  /** @param {number} by to the trade before or after */
  async #step(by) {
    const next = this.#at + by;
    if (this.#isLoading || next < 0 || next >= this.trips.length) return;
    try {
      await this.#goTo(next);
    } catch (problem) {
      this.#tell(problem.message);
    }
  }

  /** @param {number} at */
  async #goTo(at) {
    const { entered, left } = this.trips.timesOf(at);
    const end = left ?? entered;
    if (!this.candles.length || entered < this.candles.first.time || end > this.candles.last.time) await this.#load(entered, end);
    this.#at = at;
    const [from, to] = [this.candles.placeOf(entered), this.candles.placeOf(end)];
    const around = Math.max(AROUND_BARS, to - from);
    this.api.timeScale().setVisibleLogicalRange({ from: from - around, to: to + around });
    this.#tell(`Trade ${(at + 1).toLocaleString("en-US")} of ${this.trips.length.toLocaleString("en-US")}`);
    byId("trade-before").disabled = at === 0;
    byId("trade-after").disabled = at === this.trips.length - 1;
    this.#describe(at);
  }

  /**
   * A window of candles around a trade, in place of what was there.
   * @param {number} entered UTC seconds
   * @param {number} left UTC seconds
   */
  async #load(entered, left) {
    const length = Number(this.place.dataset.seconds);
    const half = (PAGE / 2) * length;
    const candles = await this.#fetch({ start: entered - half, end: left + half, limit: Math.min(5_000, PAGE + Math.ceil((left - entered) / length)) });
    if (!candles.length) throw new Error("There are no candles of that time any more.");
    this.#ends = { older: false, newer: false };
    this.#places = Math.max(...candles.slice(-200).flatMap(({ open, high, low, close }) => [open, high, low, close]).map(decimals));
    this.candles.setAll(candles);
  }

  /** @param {{from: number, to: number}} range of bars that is looked at */
  async #grow({ from, to }) {
    if (this.#isLoading || !this.candles.length) return;
    const older = from < LOAD_WITHIN_BARS && !this.#ends.older;
    const newer = to > this.candles.length - LOAD_WITHIN_BARS && !this.#ends.newer;
    if (!older && !newer) return;
    this.#isLoading = true;
    const opened = this.#opened;
    const [first, last] = [this.candles.first.time, this.candles.last.time];
    try {
      const length = Number(this.place.dataset.seconds);
      const candles = older
        ? await this.#fetch({ end: first, limit: PAGE })
        : await this.#fetch({ start: last + length, end: last + PAGE * length, limit: PAGE });
      if (opened !== this.#opened) return;
      this.#ends[older ? "older" : "newer"] = candles.length === 0;
      if (older) this.candles.prepend(candles);
      else this.candles.merge(candles);
    } catch (problem) {
      this.#ends[older ? "older" : "newer"] = true;
      this.#tell(problem.message);
    } finally {
      this.#isLoading = false;
    }
  }

  /** @param {Record<string, number>} range */
  #fetch(range) {
    return get(PATH, { symbol: this.#market.value, interval: this.#trades.timeframe, ...range });
  }

  /** @param {number} at */
  #describe(at) {
    const { entered, left } = this.trips.timesOf(at);
    const { title, result, lines } = this.trips.describe(at, this.#places);
    setText(byId("trade-told"), [`${title}, ${result}`, ...lines.map(([name, text]) => `${name} ${text}`)].join(" · "));
    this.trips.mark(at);
    this.place.dataset.entered = String(entered);
    this.place.dataset.left = String(left ?? "");
  }

  /** @param {string} text */
  #tell(text) {
    setText(this.#said, text);
  }
}
