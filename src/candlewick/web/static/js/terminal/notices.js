/** Notices: what the engine reports, and what this page has to say itself. A live region reads them out. */

import { clock, milliseconds, moment } from "../format.js";
import { byId, element, setState } from "../cells.js";

const KEPT = 100;
const LEVELS = { CRITICAL: ["crit", "CRIT"], ERROR: ["crit", "ERR"], WARNING: ["warn", "WARN"], INFO: ["info", "INFO"] };

/** @typedef {{severity: string, title: string, message?: string, timestamp?: string}} Notice */

export class Notices {
  #panel = byId("notices");
  #list = byId("notice-list");
  /** @type {Set<string>} what a snapshot after a reconnect would repeat */
  #seen = new Set();

  /** @param {{live: import("../live.js").Live, account: number | undefined}} parts `account`: whose alerts */
  constructor({ live, account }) {
    live.subscribe([account === undefined ? "alerts" : `alerts:${account}`], ({ type, data }) => {
      if (type === "alert") this.#add(data);
      else if (type === "alerts_snapshot") for (const notice of data) this.#add(notice);
    });
    this.#setEmpty();
  }

  /**
   * Something this page has to say.
   * @param {string} severity
   * @param {string} title
   * @param {string} [message]
   */
  tell(severity, title, message = "") {
    this.#add({ severity, title, message, timestamp: new Date().toISOString() });
  }

  /** @param {Notice} notice */
  #add(notice) {
    const key = `${notice.timestamp}|${notice.title}|${notice.message}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    const [level, word] = LEVELS[notice.severity?.toUpperCase()] ?? LEVELS.INFO;
    const at = milliseconds(notice.timestamp) ?? Date.now();
    const text = element("span", { class: "text" }, element("strong", {}, notice.title));
    if (notice.message) text.append(" ", notice.message);
    const isToday = moment(at).slice(0, 10) === moment(Date.now()).slice(0, 10);
    const time = element("time", { datetime: new Date(at).toISOString() }, isToday ? clock(at) : moment(at).slice(5));
    this.#list.prepend(element("li", {}, element("span", { class: `level ${level}` }, word), text, time));
    while (this.#list.children.length > KEPT) this.#list.lastChild.remove();
    if (this.#seen.size > 4 * KEPT) this.#seen = new Set([...this.#seen].slice(-KEPT));
    this.#setEmpty();
  }

  #setEmpty() {
    const isEmpty = this.#list.children.length === 0;
    setState(this.#panel, isEmpty ? "empty" : "live", isEmpty ? "Nothing to report." : "");
  }
}
