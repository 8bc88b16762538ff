/** Which indicators a chart shows. Kept on the server, the same in every browser. */

/** @typedef {import("./terminal/chart/study.js").Look} Look */

/**
 * `change` says that there are others, or that one looks otherwise; `preview`, how one would look; `problem`, that
 * a change was not kept.
 */
export class Charted extends EventTarget {
  /** @type {Promise<unknown>} changes are sent one after the other */
  #sending = Promise.resolve();

  /**
   * @param {Look[]} indicators as the page came with them
   * @param {{catalogue: import("./terminal/chart/catalogue.js").Catalogue, most: number,
   *   keep: (indicators: Partial<Look>[]) => Promise<Look[]>}} parts `keep` has the server judge and keep them, and
   *   answers with them as they are kept; `most` there may be
   */
  constructor(indicators, { catalogue, most, keep }) {
    super();
    this.indicators = indicators;
    this.catalogue = catalogue;
    this.most = most;
    this.keep = keep;
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
        this.#become(await this.keep(how(this.indicators)));
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
