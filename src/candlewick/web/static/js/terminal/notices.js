/** Notices: what the engine reports, and what this page has to say itself. A live region reads them out. */

import { byId, setState } from "../cells.js";
import { noticeRow } from "../notice.js";

const KEPT = 100;

/** @typedef {import("../notice.js").Notice} Notice */

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
    this.#list.prepend(noticeRow(notice));
    while (this.#list.children.length > KEPT) this.#list.lastChild.remove();
    if (this.#seen.size > 4 * KEPT) this.#seen = new Set([...this.#seen].slice(-KEPT));
    this.#setEmpty();
  }

  #setEmpty() {
    const isEmpty = this.#list.children.length === 0;
    setState(this.#panel, isEmpty ? "empty" : "live", isEmpty ? "Nothing to report." : "");
  }
}
