/** Symbol search: a combobox over a listbox in a dialog. Enter opens or adds, Shift+Enter adds. */

import { byId, element, setText } from "../cells.js";
import { Combobox } from "./combobox.js";
import { about } from "./instruments.js";

/** @typedef {import("./desk.js").Instrument} Instrument */

const SHOWN = 50;

export class Search {
  #dialog = /** @type {HTMLDialogElement} */ (byId("search"));
  #input = /** @type {HTMLInputElement} */ (byId("search-input"));
  #said = byId("search-said");
  #options;
  #adds = false;
  /** Whose symbol is chosen. @type {import("./desk.js").Desk | null} */
  #desk = null;

  /**
   * @param {{instruments: import("./instruments.js").Instruments,
   *   watchlist?: () => import("./watchlist.js").Watchlist}} parts without a watchlist nothing is added to it
   */
  constructor({ instruments, watchlist }) {
    this.instruments = instruments;
    this.watchlist = watchlist;
    this.#options = new Combobox(this.#input, byId("search-list"), {
      search: () => this.#search(),
      choose: ({ dataset }, { shiftKey }) => this.#choose(dataset.symbol, this.#adds || shiftKey),
    });
    this.#dialog.addEventListener("click", (event) => event.target === this.#dialog && this.#dialog.close());
  }

  /**
   * @param {import("./desk.js").Desk} desk whose symbol is looked for
   * @param {boolean} adds whether Enter adds to the watchlist rather than opening the chart
   */
  open(desk, adds = false) {
    this.#desk = desk;
    this.#adds = adds;
    setText(byId("search-title"), adds ? "Add to the watchlist" : "Open a symbol");
    setText(byId("search-enter"), adds ? "add to the watchlist" : "open");
    byId("search-shift").toggleAttribute("hidden", adds || !this.watchlist);
    this.#input.value = "";
    this.#dialog.showModal();
    this.#input.focus();
    this.#search();
    if (this.instruments.isComplete) return;
    setText(this.#said, "Loading the instruments…");
    this.instruments.load().then(
      () => this.#search(),
      (problem) => setText(this.#said, `${problem.message} Close and open the search to try again.`),
    );
  }

  #search() {
    const matches = this.instruments.search(this.#input.value);
    this.#options.show(matches.slice(0, SHOWN).map((instrument, at) => this.#option(instrument, at)));
    setText(this.#said, countOf(matches.length));
  }

  /**
   * @param {Instrument} instrument
   * @param {number} at
   */
  #option(instrument, at) {
    const option = element(
      "li",
      { role: "option", id: `option-${at}`, "data-symbol": instrument.symbol, "aria-selected": "false" },
      element("b", {}, instrument.symbol),
      element("span", { class: "dim" }, [about(instrument), instrument.sector].filter(Boolean).join(" · ")),
    );
    if (this.watchlist?.().has(instrument.symbol)) option.append(element("span", { class: "mark" }, "in the watchlist"));
    return option;
  }

  /**
   * @param {string} symbol
   * @param {boolean} adds
   */
  #choose(symbol, adds) {
    this.#dialog.close();
    if (adds && this.watchlist) this.watchlist().add(symbol);
    else this.#desk.select(symbol);
  }
}

/** @param {number} count */
function countOf(count) {
  if (count === 0) return "No instrument is called that.";
  if (count > SHOWN) return `The first ${SHOWN} of ${count} instruments`;
  return count === 1 ? "1 instrument" : `${count} instruments`;
}
