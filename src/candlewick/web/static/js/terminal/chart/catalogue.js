/** What indicators there are, with their numbers and lines: the server's list, fetched when it is first needed. */

import { get } from "../../api.js";

const PATH = "/api/dashboard/charts/indicators/catalogue/";

/**
 * @typedef {"line" | "band" | "histogram" | "dots" | "marker" | "candle" | "none"} Drawn
 * @typedef {{name: string, default: number, low: number, high: number, fraction: boolean}} Parameter
 * @typedef {{name: string, draw: Drawn, drawn_back_by: string | null}} Output
 * @typedef {{name: string, title: string, group: string, pane: "price" | "own", key: string,
 *   parameters: Parameter[], outputs: Output[], levels: number[], relative: boolean, convention: string}} Kind
 */

export class Catalogue {
  /** @type {Map<string, Kind>} */
  #kinds;
  /** @type {Promise<void> | null} */
  #loading = null;

  /** @param {Kind[]} kinds those that the page came with */
  constructor(kinds) {
    this.#kinds = new Map(kinds.map((kind) => [kind.name, kind]));
  }

  /** All of them, once they are loaded; in the server's order, which is by group. */
  get all() {
    return [...this.#kinds.values()];
  }

  /**
   * @param {string} key such as `ema:20`
   * @returns {Kind | undefined}
   */
  kindOf(key) {
    return this.#kinds.get(key.split(":", 1)[0]);
  }

  /** Fetch the whole list; once is enough, and what failed is tried again by the next call. */
  load() {
    this.#loading ??= get(PATH).then(
      (/** @type {Kind[]} */ kinds) => void (this.#kinds = new Map(kinds.map((kind) => [kind.name, kind]))),
      (problem) => {
        this.#loading = null;
        throw problem;
      },
    );
    return this.#loading;
  }
}

/**
 * The numbers of `macd:12:26:9`.
 * @param {string} key
 */
export function numbersOf(key) {
  return key.split(":").slice(1).map(Number);
}

/**
 * What people call it: `EMA 20`.
 * @param {Kind} kind
 * @param {string} key
 */
export function titleOf(kind, key) {
  return [kind.title, ...key.split(":").slice(1)].join(" ");
}

/**
 * How many bars further left a line is drawn than its time.
 * @param {Kind} kind
 * @param {Output} output
 * @param {string} key
 */
export function drawnBackBy(kind, { drawn_back_by: by }, key) {
  return by ? numbersOf(key)[kind.parameters.findIndex(({ name }) => name === by)] : 0;
}
