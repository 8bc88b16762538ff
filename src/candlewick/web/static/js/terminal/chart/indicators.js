/** The indicators of the chart: which there are, in which panes, fetched page by page and followed live. */

import { get } from "../../api.js";
import { drawnBackBy } from "./catalogue.js";
import { patiently } from "./history.js";
import { Study } from "./study.js";
import { hollow, CANDLES } from "./theme.js";

const PATH = "/api/dashboard/charts/indicators/";
const CHUNK = 2000;
const FIRST_CHUNK = 300; // what is seen at once, and a screen before it
const PRICES_TO_PANE = 4; // how much higher the prices' pane is than an indicator's
const PRICES_TO_MANY = 7; // and than one of many
const CLOSED_AFTER_MS = 1_500; // a bar's last trades are in the lake by then
const SHORTEST_READ_AGAIN_S = 60;

/**
 * @typedef {import("./study.js").Look} Look
 * @typedef {{symbol: string, interval: string, length: number, signal: AbortSignal}} Scope
 */

export class Indicators {
  /** Those that are drawn, in the person's order. @type {Study[]} */
  studies = [];
  /** @type {Scope | null} */
  #scope = null;
  /** UTC seconds: the oldest candle that is loaded, the oldest looked at, the newest candle. */
  #range = { first: Infinity, wanted: Infinity, last: -Infinity };
  #isFilling = false;
  #unsubscribe = () => {};
  #closing = 0;

  /**
   * @param {import("lightweight-charts").IChartApi} chart
   * @param {{live: import("../../live.js").Live, catalogue: import("./catalogue.js").Catalogue, candles: any,
   *   places: () => number | null, changed: () => void, failed: (problem: Error) => void}} parts
   */
  constructor(chart, { live, catalogue, candles, places, changed, failed }) {
    this.chart = chart;
    this.live = live;
    this.catalogue = catalogue;
    this.candles = candles;
    this.places = places;
    this.changed = changed;
    this.failed = failed;
  }

  /**
   * Draw these, in this order; what is drawn already keeps what it holds.
   * @param {Look[]} looks
   */
  show(looks) {
    const wanted = looks.filter(({ hidden, key }) => !hidden && this.catalogue.kindOf(key));
    for (const study of this.studies) {
      if (!wanted.some(({ key }) => key === study.key)) study.remove();
    }
    const known = new Map(this.studies.map((study) => [study.key, study]));
    this.studies = wanted.map((look) => {
      const study = known.get(look.key);
      if (!study) return this.#make(look);
      if (study.look !== look) study.restyle(look);
      return study;
    });
    this.#arrange();
    this.#follow();
    this.#fill();
    this.changed();
  }

  /**
   * Another symbol or interval: empty lines that are filled as ranges are asked for.
   * @param {Scope} scope
   */
  open(scope) {
    this.#scope = scope;
    this.#range = { first: Infinity, wanted: Infinity, last: -Infinity };
    this.#isFilling = false;
    clearTimeout(this.#closing);
    for (const study of this.studies) study.clear();
    this.#follow();
  }

  /** Follow nothing until the next symbol is opened. */
  close() {
    this.#scope = null;
    clearTimeout(this.#closing);
    this.#follow();
  }

  /**
   * Fill the lines back to what is looked at.
   * @param {number} first UTC seconds of the oldest candle that is loaded
   * @param {number} wanted UTC seconds of the oldest that is looked at
   * @param {number} last UTC seconds of the newest candle
   */
  reachBack(first, wanted, last) {
    this.#range = { first, wanted, last };
    this.#fill();
  }

  /**
   * Ask again for the bars from `from` to `to`: some were missed, or have closed since.
   * @param {number} from UTC seconds
   * @param {number} to UTC seconds
   */
  async load(from, to) {
    const scope = this.#scope;
    const studies = this.studies.filter(({ reach }) => Math.abs(reach) !== Infinity);
    if (!scope || !studies.length) return;
    const step = CHUNK * scope.length;
    try {
      // the bar before is there, and closed: relative ones are laid against it
      for (let start = from - scope.length; start <= to; start += step) {
        const end = Math.min(start + step, to + scope.length) + scope.length;
        const lines = await this.#fetch(scope, studies, start, end);
        if (scope !== this.#scope) return;
        for (const study of this.#still(studies)) study.merge(linesOf(study, lines));
      }
    } catch (problem) {
      if (!scope.signal.aborted) this.failed(problem);
    }
    this.changed();
  }

  /**
   * A bar has closed. What was told of it last may lack its last trades: it is read again.
   * @param {number} time UTC seconds
   */
  closed(time) {
    const scope = this.#scope;
    if (!scope || scope.length < SHORTEST_READ_AGAIN_S) return;
    clearTimeout(this.#closing);
    this.#closing = setTimeout(() => {
      if (scope !== this.#scope || scope.signal.aborted) return;
      this.load(time, time);
      for (const study of this.studies) this.#loadProfile(study);
    }, CLOSED_AFTER_MS + 1_000 * Math.random());
  }

  /** @param {Look} look */
  #make(look) {
    const kind = this.catalogue.kindOf(look.key);
    const pane = kind.pane === "own" ? this.chart.panes().length : 0;
    const study = new Study(this.chart, { kind, look, pane, candles: this.candles, places: this.places });
    if (kind.name === "volume_profile") this.#addProfile(study);
    return study;
  }

  /** @param {Study} study */
  async #addProfile(study) {
    const { Profile } = await import("./profile.js");
    if (!this.studies.includes(study)) return;
    study.addProfile(new Profile(study.key, () => study.color("poc")));
    this.#loadProfile(study);
  }

  /** @param {Study} study */
  #loadProfile({ profile }) {
    const scope = this.#scope;
    if (!scope || !profile) return;
    profile.load(scope).catch((problem) => scope.signal.aborted || this.failed(problem));
  }

  /** Panes in the person's order, the prices' the highest; and the candles, unless something stands for them. */
  #arrange() {
    const own = this.studies.filter(({ isOwn }) => isOwn);
    own.forEach((study, at) => study.pane.paneIndex() !== at + 1 && study.pane.moveTo(at + 1));
    const [prices, ...others] = this.chart.panes();
    if (others.length) prices.setStretchFactor(others.length > 2 ? PRICES_TO_MANY : PRICES_TO_PANE);
    for (const pane of others) pane.setStretchFactor(others.length > 2 ? 1.5 : 1);
    this.candles.applyOptions(this.studies.some(({ isCandles }) => isCandles) ? hollow(CANDLES) : CANDLES);
  }

  /** Fetch older pages, the newest first, until every line reaches as far back as anybody has looked. */
  async #fill() {
    const scope = this.#scope;
    if (!scope || this.#isFilling || this.#range.last === -Infinity) return;
    this.#isFilling = true;
    while (scope === this.#scope) {
      const { first, wanted, last } = this.#range;
      const behind = this.studies.filter(({ reach }) => reach > wanted);
      if (!behind.length) break;
      const reach = Math.max(...behind.map((study) => study.reach));
      const group = behind.filter((study) => study.reach === reach);
      const overlap = Math.max(...group.map(overlapOf)) * scope.length;
      const end = Math.min(reach + overlap, last + scope.length);
      const start = Math.max(first, Math.min(reach, end) - (reach === Infinity ? FIRST_CHUNK : CHUNK) * scope.length);
      try {
        const lines = await this.#fetch(scope, group, start, end);
        if (scope !== this.#scope) return;
        for (const study of this.#still(group)) {
          if (reach === Infinity) this.#loadProfile(study);
          study.prepend(linesOf(study, lines));
          study.reach = start;
        }
      } catch (problem) {
        if (scope !== this.#scope) return;
        for (const study of group) study.reach = -Infinity; // told once: another try would only say the same
        if (!scope.signal.aborted) this.failed(problem);
      }
      this.changed();
    }
    if (scope === this.#scope) this.#isFilling = false;
  }

  /**
   * Those that have not been taken away meanwhile.
   * @param {Study[]} studies
   */
  #still(studies) {
    return studies.filter((study) => this.studies.includes(study));
  }

  /**
   * @param {Scope} scope
   * @param {Study[]} studies
   * @param {number} start UTC seconds, the first that is given
   * @param {number} end UTC seconds, the first that is not given
   * @returns {Promise<Record<string, {time: number, value: number | null}[]>>}
   */
  #fetch({ symbol, interval, length, signal }, studies, start, end) {
    const keys = studies.map(({ key }) => key).join(",");
    const query = { symbol, interval, indicators: keys, start, end, limit: Math.ceil((end - start) / length) };
    return patiently(() => get(PATH, query, signal), signal);
  }

  #follow() {
    this.#unsubscribe();
    const scope = this.#scope;
    if (!scope) return;
    const channels = new Map(
      this.studies.map((study) => [`indicators:${scope.symbol}:${scope.interval}:${study.key.replaceAll(":", "-")}`, study]),
    );
    this.#unsubscribe = this.live.subscribe([...channels.keys()], ({ type, channel, data }) => {
      if (type === "indicator") channels.get(channel)?.update(data, scope.length);
    });
  }
}

/**
 * The lines of one indicator out of an answer, by their own names.
 * @param {Study} study
 * @param {Record<string, {time: number, value: number | null}[]>} answer
 */
function linesOf({ key, kind: { outputs } }, answer) {
  return Object.fromEntries(outputs.map(({ name }) => [name, answer[outputs.length > 1 ? `${key}.${name}` : key] ?? []]));
}

/**
 * Bars by which an older page reaches into what is there.
 * @param {Study} study
 */
function overlapOf({ kind, key }) {
  return Math.max(kind.relative ? 1 : 0, ...kind.outputs.map((output) => drawnBackBy(kind, output, key)));
}
