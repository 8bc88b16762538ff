/** One of several charts: its symbol, interval and indicators, and the buttons that change them. */

import { part, setText } from "../cells.js";
import { Charted } from "../charted.js";
import { Chart } from "../terminal/chart/chart.js";
import { Marks } from "../terminal/chart/marks.js";
import { Desk } from "../terminal/desk.js";

/**
 * @typedef {{symbol: string, interval: string, indicators: import("../terminal/chart/study.js").Look[]}} Choice
 * @typedef {object} Parts
 * @property {import("../live.js").Live} live
 * @property {import("../terminal/instruments.js").Instruments} instruments
 * @property {Record<string, number>} lengths of the intervals, in seconds
 * @property {import("../terminal/chart/catalogue.js").Catalogue} catalogue
 * @property {number} most indicators there may be
 * @property {{tell: (severity: string, title: string, message?: string) => void}} notices
 * @property {import("../terminal/search.js").Search} search
 * @property {import("../terminal/pick.js").Pick} pick
 * @property {number | null} account whose trades are drawn
 * @property {EventTarget} fills
 * @property {(change: Partial<Choice>) => Promise<Choice>} keep
 */

export class Pane {
  /**
   * @param {HTMLElement} panel
   * @param {Choice} choice
   * @param {Parts} parts
   */
  constructor(panel, { symbol, interval, indicators }, { live, instruments, lengths, catalogue, most, notices, search, pick, account, fills, keep }) {
    this.desk = new Desk({ symbol, interval, intervals: Object.keys(lengths) }, instruments);
    const charted = new Charted(indicators, { catalogue, most, keep: async (wanted) => (await keep({ indicators: /** @type {any} */ (wanted) })).indicators });
    this.chart = new Chart(panel, { desk: this.desk, live, lengths, notices, charted });
    if (account !== null) new Marks({ chart: this.chart, desk: this.desk, account, fills });
    const choose = part(panel, ".symbol-of");
    const intervals = /** @type {HTMLSelectElement} */ (part(panel, ".interval-of"));
    const onward = /** @type {HTMLAnchorElement} */ (part(panel, ".terminal-of"));
    choose.addEventListener("click", () => search.open(this.desk));
    intervals.addEventListener("change", () => this.desk.setInterval(intervals.value));
    part(panel, ".indicators-of").addEventListener("click", () => pick(charted));
    charted.addEventListener("settings", (/** @type {CustomEvent<string>} */ event) => pick(charted, event.detail));
    charted.addEventListener("problem", (/** @type {CustomEvent<string>} */ event) => notices.tell("WARNING", "Indicators", event.detail));
    const changed = () => {
      const shown = { symbol: this.desk.symbol, interval: this.desk.interval };
      setText(choose, shown.symbol);
      onward.search = new URLSearchParams(shown).toString();
      keep(shown).catch((problem) => notices.tell("WARNING", "Charts", problem.message));
    };
    this.desk.addEventListener("symbol", changed);
    this.desk.addEventListener("interval", changed);
  }
}
