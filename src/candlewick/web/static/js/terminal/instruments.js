/** All instruments the server knows, fetched once, and a search over them. */

import { getAll } from "../api.js";
import { decimals } from "../format.js";

/** @typedef {import("./desk.js").Instrument} Instrument */

const KINDS = { spot: "Spot", perp: "Perpetual", future: "Future", equity: "Equity" };

export class Instruments extends EventTarget {
  /** @type {Map<string, Instrument>} */
  #bySymbol = new Map();
  /** @type {Promise<void> | null} */
  #loading = null;

  /** @param {Instrument[]} known those the page came with */
  constructor(known) {
    super();
    this.isComplete = false;
    for (const each of known) this.#bySymbol.set(each.symbol, each);
  }

  /** @param {string} symbol */
  get(symbol) {
    return this.#bySymbol.get(symbol);
  }

  /** Fetch the rest; `complete` is dispatched once. Rejects with a `Problem`, and may be called again. */
  load() {
    this.#loading ??= getAll("/api/market/instruments/", { limit: 1000 }).then(
      (items) => {
        for (const each of items) this.#bySymbol.set(each.symbol, each);
        this.isComplete = true;
        this.dispatchEvent(new Event("complete"));
      },
      (problem) => {
        this.#loading = null;
        throw problem;
      },
    );
    return this.#loading;
  }

  /** @returns {Instrument[]} */
  all() {
    return [...this.#bySymbol.values()];
  }

  /**
   * All matches, the best first.
   * @param {string} text
   */
  search(text) {
    const wanted = text.toUpperCase().replace(/[\s/]/g, "");
    if (!wanted) return this.all();
    return this.all()
      .map((instrument) => ({ instrument, score: fit(instrument, wanted) }))
      .filter(({ score }) => score > 0)
      .sort((a, b) => b.score - a.score || a.instrument.symbol.localeCompare(b.instrument.symbol))
      .map(({ instrument }) => instrument);
  }
}

/** @param {Instrument} instrument */
function kindName(instrument) {
  return KINDS[instrument.kind] ?? instrument.kind;
}

/**
 * `Simulated exchange · Perpetual`.
 * @param {Instrument} instrument
 */
export function about(instrument) {
  return `${instrument.venue_title} · ${kindName(instrument)}`;
}

/** @param {Instrument | undefined} instrument */
export function priceDecimals(instrument) {
  return decimals(instrument?.tick);
}

/** @param {Instrument | undefined} instrument */
export function quantityDecimals(instrument) {
  return decimals(instrument?.lot);
}

/**
 * @param {Instrument} instrument
 * @param {string} wanted
 */
function fit(instrument, wanted) {
  const whole = instrument.symbol.toUpperCase();
  const symbol = whole.slice(whole.indexOf(":") + 1); // letters of a venue's name are no match of a symbol
  const rest = `${instrument.sector ?? ""} ${about(instrument)}`.toUpperCase().replace(/\s/g, "");
  const named = Math.max(score(symbol, wanted), score(symbol.replace("-", ""), wanted));
  if (named) return whole === symbol ? named : 0.4 * named; // the primary venue first
  return whole.startsWith(wanted) ? 200 : Number(rest.includes(wanted));
}

/**
 * How well `wanted` fits `text`: whole, beginning, inside, or its letters in order (0: not at all).
 * Shorter texts win among equals.
 * @param {string} text
 * @param {string} wanted
 */
export function score(text, wanted) {
  if (text === wanted) return 1000;
  const shortness = 50 / (50 + text.length);
  if (text.startsWith(wanted)) return 500 + shortness;
  if (text.includes(wanted)) return 250 + shortness;
  let at = 0;
  let spread = 0;
  for (const letter of wanted) {
    const found = text.indexOf(letter, at);
    if (found < 0) return 0;
    spread += found - at;
    at = found + 1;
  }
  return 100 / (1 + spread) + shortness;
}
