/** Symbol search: a combobox over a listbox in a dialog. Enter opens or adds, Shift+Enter adds. */

import { byId, element, setText, targetOf } from "../cells.js";
import { about } from "./instruments.js";

/** @typedef {import("./desk.js").Instrument} Instrument */

const SHOWN = 50;

export class Search {
  #dialog = byId("search");
  #input = byId("search-input");
  #list = byId("search-list");
  #said = byId("search-said");
  /** @type {Instrument[]} */
  #found = [];
  #active = 0;
  #adds = false;

  /** @param {{desk: import("./desk.js").Desk, watchlist: () => import("./watchlist.js").Watchlist}} parts */
  constructor({ desk, watchlist }) {
    this.desk = desk;
    this.watchlist = watchlist;
    this.#input.addEventListener("input", () => this.#search());
    this.#input.addEventListener("keydown", (event) => this.#key(event));
    this.#list.addEventListener("click", (event) => this.#click(event));
    this.#dialog.addEventListener("click", (event) => event.target === this.#dialog && this.#dialog.close());
    byId("search-open").addEventListener("click", () => this.open());
  }

  /** @param {boolean} adds whether Enter adds to the watchlist rather than opening the chart */
  open(adds = false) {
    this.#adds = adds;
    setText(byId("search-title"), adds ? "Add to the watchlist" : "Open a symbol");
    setText(byId("search-enter"), adds ? "add to the watchlist" : "open");
    byId("search-shift").toggleAttribute("hidden", adds);
    this.#input.value = "";
    this.#dialog.showModal();
    this.#input.focus();
    this.#search();
    if (this.desk.instruments.isComplete) return;
    setText(this.#said, "Loading the instruments…");
    this.desk.instruments.load().then(
      () => this.#search(),
      (problem) => setText(this.#said, `${problem.message} Close and open the search to try again.`),
    );
  }

  #search() {
    const matches = this.desk.instruments.search(this.#input.value);
    this.#found = matches.slice(0, SHOWN);
    this.#list.replaceChildren(...this.#found.map((instrument, at) => this.#option(instrument, at)));
    this.#activate(0);
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
    if (this.watchlist().has(instrument.symbol)) option.append(element("span", { class: "mark" }, "in the watchlist"));
    return option;
  }

  /** @param {number} at */
  #activate(at) {
    this.#list.children[this.#active]?.setAttribute("aria-selected", "false");
    this.#active = Math.max(0, Math.min(at, this.#found.length - 1));
    const option = this.#list.children[this.#active];
    if (!option) return this.#input.removeAttribute("aria-activedescendant");
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    this.#input.setAttribute("aria-activedescendant", option.id);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key === "ArrowDown") this.#activate(this.#active + 1);
    else if (event.key === "ArrowUp") this.#activate(this.#active - 1);
    else if (event.key === "PageDown") this.#activate(this.#active + 8);
    else if (event.key === "PageUp") this.#activate(this.#active - 8);
    else if (event.key === "Enter") this.#choose(this.#found[this.#active]?.symbol, this.#adds || event.shiftKey);
    else return;
    event.preventDefault();
  }

  /** @param {MouseEvent} event */
  #click(event) {
    const symbol = /** @type {HTMLElement | null} */ (targetOf(event).closest("[role=option]"))?.dataset.symbol;
    this.#choose(symbol, this.#adds || event.shiftKey);
  }

  /**
   * @param {string | undefined} symbol
   * @param {boolean} adds
   */
  #choose(symbol, adds) {
    if (!symbol) return;
    this.#dialog.close();
    if (adds) this.watchlist().add(symbol);
    else this.desk.select(symbol);
  }
}

/** @param {number} count */
function countOf(count) {
  if (count === 0) return "No instrument is called that.";
  if (count > SHOWN) return `The first ${SHOWN} of ${count} instruments`;
  return count === 1 ? "1 instrument" : `${count} instruments`;
}
