/** Which indicators a person's charts show. Kept on the server, the same on every symbol and in every browser. */

import { send } from "./api.js";

const PATH = "/api/preferences/indicators/";
export const MOST = 16;

/** @typedef {import("./terminal/chart/study.js").Look} Look */

/**
 * `change` says that there are others, or that one looks otherwise; `preview`, how one would look; `problem`, that
 * a change was not kept.
 */
export class Charted extends EventTarget {
  /** @type {Promise<unknown>} changes are sent one after the other */
  #sending = Promise.resolve();

  /**
   * @param {{indicators: Look[], kinds: import("./terminal/chart/catalogue.js").Kind[]}} start as the page came with them
   * @param {import("./terminal/chart/catalogue.js").Catalogue} catalogue
   */
  constructor({ indicators }, catalogue) {
    super();
    this.indicators = indicators;
    this.catalogue = catalogue;
  }

  /** @param {string} key */
  has(key) {
    return this.indicators.some((each) => each.key === key);
  }

  /** @param {string} key */
  remove(key) {
    return this.change((looks) => looks.filter((each) => each.key !== key));
  }

  /**
   * Change what is shown: the server judges and keeps it, then it is drawn. What goes wrong is a `problem`.
   * @param {(looks: Look[]) => Partial<Look>[]} how
   * @returns {Promise<boolean>} whether it was kept
   */
  change(how) {
    const change = this.#sending.then(async () => {
      try {
        const { indicators } = await send("PUT", PATH, { indicators: how(this.indicators) });
        this.#become(indicators);
        return true;
      } catch (problem) {
        const said = Object.values(problem.errors ?? {}).flat().join(" ") || problem.message;
        this.dispatchEvent(new CustomEvent("problem", { detail: said }));
        return false;
      }
    });
    this.#sending = change;
    return change;
  }

  /**
   * Show how one would look, without keeping it.
   * @param {string} key
   * @param {Partial<Look>} look
   */
  preview(key, look) {
    const detail = this.indicators.map((each) => (each.key === key ? { ...each, ...look } : each));
    this.dispatchEvent(new CustomEvent("preview", { detail }));
  }

  /** @param {Look[]} indicators */
  #become(indicators) {
    // one that is as it was stays the same object: nothing of it is drawn anew
    const before = new Map(this.indicators.map((each) => [JSON.stringify(each), each]));
    this.indicators = indicators.map((each) => before.get(JSON.stringify(each)) ?? each);
    this.dispatchEvent(new Event("change"));
  }
}
