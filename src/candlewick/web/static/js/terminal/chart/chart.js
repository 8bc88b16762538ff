/** The price chart: candles and volume that grow to the left as one scrolls, and live on the right. */

import { CandlestickSeries, createChart, LineSeries } from "lightweight-charts";
import { draw } from "../../frame.js";
import { fixed } from "../../format.js";
import { part, setState } from "../../cells.js";
import { about, priceDecimals } from "../instruments.js";
import { lazily } from "../lazily.js";
import { isTooLongAgo, newest, older, pause, since } from "./history.js";
import { Future } from "./future.js";
import { Indicators } from "./indicators.js";
import { Legend } from "./legend.js";
import { SplitSeries } from "./split.js";
import { CANDLES, CHART, LAST, LAST_DOWN, LAST_UP, VOLUME, VOLUME_DOWN, VOLUME_SCALE, VOLUME_UP } from "./theme.js";
import { inSight, Trace, UNSEEN } from "./trace.js";

const LOAD_WITHIN_BARS = 120; // from the left end of what is loaded
const CATCH_UP_EVERY_MS = 30_000;
const FAR_FROM_NOW_BARS = 12;
const HURRY_MS = 200;

/** @typedef {import("./history.js").Candle} Candle */
/** @typedef {{tell: (severity: string, title: string, message?: string) => void}} Teller who says what went wrong */

export class Chart {
  #panel;
  #plot;
  #toNow;
  #legend;
  /** @type {AbortController} everything asked for the symbol and interval that are shown */
  #scope = new AbortController();
  #unsubscribe = () => {};
  /** @type {Candle[]} live candles that came before history did */
  #early = [];
  #isLoaded = false;
  #isLoadingOlder = false;
  #isComplete = false;
  #caughtUp = 0;
  #openedAt = -Infinity;
  /** @type {import("lightweight-charts").MouseEventParams | null} */
  #pointed = null;
  /** @type {import("lightweight-charts").IPriceLine | null} */
  #lastLine = null;
  #picture = lazily(() => import("./picture.js"), (sentence) => this.notices.tell("WARNING", "Picture", sentence));

  /**
   * @param {HTMLElement} panel holds a plot, and in it a place to draw, a legend, a veil, and a button that leads to now
   * @param {{desk: import("../desk.js").Desk, live: import("../../live.js").Live, lengths: Record<string, number>,
   *   notices: Teller, charted: import("../../charted.js").Charted}} parts
   */
  constructor(panel, { desk, live, lengths, notices, charted }) {
    this.#panel = panel;
    this.#plot = part(panel, ".plot");
    this.#toNow = part(panel, ".to-now");
    this.desk = desk;
    this.live = live;
    this.lengths = lengths;
    this.notices = notices;
    this.#legend = new Legend(this.#plot, charted);
    this.api = createChart(part(panel, ".tv"), CHART);
    /** @type {SplitSeries<Candle>} */
    this.candles = new SplitSeries(this.api, CandlestickSeries, CANDLES);
    this.volume = new SplitSeries(this.api, LineSeries, { ...UNSEEN, ...VOLUME, autoscaleInfoProvider: inSight([0]) });
    new Trace(this.volume, () => ({ form: "bars", color: VOLUME_UP, width: 1, style: "solid" }));
    this.api.priceScale("volume").applyOptions(VOLUME_SCALE);
    this.future = new Future(this.api);
    this.indicators = new Indicators(this.api, {
      live,
      catalogue: charted.catalogue,
      candles: this.candles,
      places: () => priceDecimals(desk.instrument),
      changed: () => this.#describeSoon(),
      failed: (problem) => notices.tell("WARNING", "Indicators", problem.message),
    });
    this.indicators.show(charted.indicators);
    charted.addEventListener("change", () => this.indicators.show(charted.indicators));
    charted.addEventListener("preview", (/** @type {CustomEvent} */ event) => this.indicators.show(event.detail));
    this.api.timeScale().subscribeVisibleLogicalRangeChange((range) => this.#rangeChanged(range));
    this.api.subscribeCrosshairMove((event) => {
      const before = this.#pointed?.time;
      this.#pointed = event.time !== undefined && this.candles.under(event) ? event : null;
      if (this.#pointed?.time !== before) this.#describeSoon(); // a plot that is dragged keeps its candle
    });
    this.#plot.addEventListener("keydown", (event) => this.#key(event));
    this.#toNow.addEventListener("click", () => this.toNow());
    desk.addEventListener("symbol", () => this.#open());
    desk.addEventListener("interval", () => this.#open());
    desk.instruments.addEventListener("complete", () => this.#setFormat());
    this.#open();
  }

  /** Fetch what was missed since the last candle. */
  async refresh() {
    if (this.#panel.dataset.state === "error") this.#open();
    if (!this.#isLoaded) return;
    const { symbol, interval } = this.desk;
    const { signal } = this.#scope;
    const from = this.candles.last?.time;
    if (from === undefined || isTooLongAgo(from, this.lengths[interval])) return this.#open();
    try {
      const missed = await since(symbol, interval, from, signal);
      if (signal.aborted || !missed.length) return;
      // of the last one the live message may be newer than the answer
      const newer = missed.filter(({ time }) => time !== this.candles.last.time || time === from);
      this.candles.merge(newer);
      this.volume.merge(newer.map(volumeOf));
      this.indicators.load(from, missed.at(-1).time);
      this.#describeSoon();
    } catch (problem) {
      if (!signal.aborted) this.notices.tell("WARNING", "Candles", problem.message);
    }
  }

  /**
   * Rest while nobody can see it, and begin anew when somebody can.
   * @param {boolean} isSeen
   */
  beSeen(isSeen) {
    if (isSeen) {
      this.#open();
      return;
    }
    this.#scope.abort();
    this.#isLoaded = false;
    this.#unsubscribe();
    this.#unsubscribe = () => {};
    this.indicators.close();
  }

  toNow() {
    this.api.timeScale().scrollToPosition(CHART.timeScale.rightOffset, false);
  }

  /** To the first candle that is loaded; the ones before it follow. */
  #toOldest() {
    const scale = this.api.timeScale();
    const { from, to } = scale.getVisibleLogicalRange();
    scale.setVisibleLogicalRange({ from: 0, to: to - from });
  }

  /**
   * Put the crosshair on the candle within which a moment lies; away, where there is none.
   * @param {number | undefined} time UTC seconds
   */
  pointAt(time) {
    const candle = time === undefined ? undefined : this.candles.at(this.candles.placeOf(time));
    if (candle && time < candle.time + this.lengths[this.desk.interval]) {
      this.api.setCrosshairPosition(candle.close, /** @type {any} */ (candle.time), this.candles.live);
      return;
    }
    this.api.clearCrosshairPosition(); // which tells nobody
    this.#pointed = null;
    this.#describeSoon();
  }

  savePicture() {
    const { symbol, interval, instrument } = this.desk;
    this.#picture(({ savePicture }) => savePicture(this.api, { symbol, interval, about: instrument ? about(instrument) : "" }));
  }

  async #open() {
    this.#scope.abort();
    this.#scope = new AbortController();
    const { signal } = this.#scope;
    const { symbol, interval } = this.desk;
    this.#isLoaded = this.#isLoadingOlder = this.#isComplete = false;
    this.#early = [];
    this.candles.clear();
    this.volume.clear();
    this.future.clear();
    this.#setFormat();
    this.#describe();
    setState(this.#panel, "loading", "Loading candles…");
    this.indicators.open({ symbol, interval, length: this.lengths[interval], signal });
    this.#unsubscribe();
    this.#unsubscribe = this.live.subscribe([`candles:${symbol}:${interval}`], ({ type, data }) => {
      if (type === "candle") this.#take(data);
    });
    const isHurried = performance.now() - this.#openedAt < HURRY_MS;
    this.#openedAt = performance.now();
    try {
      if (isHurried) await pause(HURRY_MS, signal); // who leafs through symbols wants the last one
      const candles = await newest(symbol, interval, signal);
      if (!signal.aborted) this.#show(candles);
    } catch (problem) {
      if (!signal.aborted) setState(this.#panel, "error", problem.message);
    }
  }

  /** @param {Candle[]} candles */
  #show(candles) {
    this.candles.setAll(candles);
    this.volume.setAll(candles.map(volumeOf));
    if (candles.length) this.future.reachBeyond(candles.at(-1).time, this.lengths[this.desk.interval]);
    this.#isLoaded = true;
    const early = this.#early;
    this.#early = [];
    for (const candle of early) this.#take(candle);
    this.#resetView();
    setState(this.#panel, this.candles.length ? "live" : "empty", this.candles.length ? "" : "No trades yet.");
    this.#describe();
    this.#reachBack();
  }

  /** Indicators for what is looked at, and for a screen's width before it. */
  #reachBack() {
    const range = this.api.timeScale().getVisibleLogicalRange();
    if (!range || !this.candles.length) return;
    const wanted = this.candles.timeAt(range.from - (range.to - range.from));
    this.indicators.reachBack(this.candles.first.time, wanted, this.candles.last.time);
  }

  #resetView() {
    const scale = this.api.timeScale();
    this.api.priceScale("right").applyOptions({ autoScale: true });
    scale.applyOptions({ secondsVisible: this.lengths[this.desk.interval] < 60, barSpacing: CHART.timeScale.barSpacing });
    scale.scrollToPosition(CHART.timeScale.rightOffset, false);
  }

  /** @param {Candle} candle */
  #take(candle) {
    if (!this.#isLoaded) {
      this.#early.push(candle);
      return;
    }
    const length = this.lengths[this.desk.interval];
    const last = this.candles.last?.time;
    if (last !== undefined && candle.time > last) this.indicators.closed(last);
    if (last !== undefined && candle.time > last + length) this.#catchUp();
    this.future.reachBeyond(candle.time, length);
    this.candles.update(candle);
    this.volume.update(volumeOf(candle));
    if (this.#panel.dataset.state === "empty") setState(this.#panel, "live");
    this.#describeSoon();
  }

  /** A candle came that does not follow the last one: either nothing traded, or something was missed. */
  #catchUp() {
    if (performance.now() - this.#caughtUp < CATCH_UP_EVERY_MS) return;
    this.#caughtUp = performance.now();
    this.refresh();
  }

  /** @param {import("lightweight-charts").LogicalRange | null} range */
  #rangeChanged(range) {
    if (!range) return;
    this.#toNow.hidden = this.api.timeScale().scrollPosition() > -FAR_FROM_NOW_BARS;
    if (range.from < LOAD_WITHIN_BARS) this.#loadOlder();
    if (this.#isLoaded) this.#reachBack();
  }

  async #loadOlder() {
    if (!this.#isLoaded || this.#isLoadingOlder || this.#isComplete || !this.candles.length) return;
    this.#isLoadingOlder = true;
    const { symbol, interval } = this.desk;
    const { signal } = this.#scope;
    const first = this.candles.first.time;
    try {
      const candles = (await older(symbol, interval, first, signal)).filter(({ time }) => time < first);
      if (signal.aborted) return;
      this.#isComplete = candles.length === 0;
      this.candles.prepend(candles);
      this.volume.prepend(candles.map(volumeOf));
    } catch (problem) {
      if (!signal.aborted) this.notices.tell("WARNING", "Older candles", problem.message);
    } finally {
      if (!signal.aborted) this.#isLoadingOlder = false;
    }
  }

  #setFormat() {
    const places = priceDecimals(this.desk.instrument);
    const tick = Number(this.desk.instrument?.tick) || 10 ** -(places ?? 2);
    this.candles.applyOptions({
      priceFormat: { type: "custom", minMove: tick, formatter: (/** @type {number} */ price) => fixed(price, places) },
    });
  }

  #describeSoon() {
    draw(this, () => this.#describe());
  }

  #describe() {
    const { symbol, interval, instrument } = this.desk;
    const places = priceDecimals(instrument);
    const pointed = this.#pointed;
    this.#drawLast();
    const candle = pointed ? this.candles.under(pointed) : this.candles.last;
    const volume = pointed ? this.volume.under(pointed)?.value : candle?.volume;
    this.#legend.show(candle && { ...candle, volume }, places, this.indicators.studies, pointed, this.api.panes());
    const label = `Candlestick chart of ${symbol}, ${interval} candles, UTC`;
    if (this.#plot.getAttribute("aria-label") !== label) this.#plot.setAttribute("aria-label", label);
  }

  /** The line at the last price. A line of our own: its label's colours can be chosen. */
  #drawLast() {
    const last = this.candles.last;
    if (!last) {
      if (this.#lastLine) this.candles.live.removePriceLine(this.#lastLine);
      this.#lastLine = null;
      return;
    }
    const options = { price: last.close, ...(last.close >= last.open ? LAST_UP : LAST_DOWN) };
    const drawn = this.#lastLine?.options();
    if (!drawn) this.#lastLine = this.candles.live.createPriceLine({ ...LAST, ...options });
    else if (drawn.price !== options.price || drawn.color !== options.color) this.#lastLine.applyOptions(options); // draws all anew
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const scale = this.api.timeScale();
    const bars = event.shiftKey ? 50 : 5;
    const zoom = (/** @type {number} */ factor) => scale.applyOptions({ barSpacing: scale.options().barSpacing * factor });
    if (event.key === "ArrowLeft") scale.scrollToPosition(scale.scrollPosition() - bars, false);
    else if (event.key === "ArrowRight") scale.scrollToPosition(scale.scrollPosition() + bars, false);
    else if (event.key === "+" || event.key === "=") zoom(1.2);
    else if (event.key === "-") zoom(1 / 1.2);
    else if (event.key === "Home") this.#toOldest();
    else if (event.key === "End") this.toNow();
    else return;
    event.preventDefault();
  }
}

/**
 * A bar of volume, or a gap where the volume is not known.
 * @param {Candle} candle
 */
function volumeOf({ time, open, close, volume }) {
  if (volume === null) return { time };
  return { time, value: volume, color: close >= open ? VOLUME_UP : VOLUME_DOWN };
}
