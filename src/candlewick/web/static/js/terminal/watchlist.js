/** The watchlist: prices of a person's own symbols; add, remove, reorder by keyboard, button and drag. */

import { send } from "../api.js";
import { direction, fixed, percent } from "../format.js";
import { byId, element, setPrice, setState, setText, targetOf } from "../cells.js";
import { priceDecimals } from "./instruments.js";

/** @typedef {{tr: HTMLTableRowElement, button: HTMLButtonElement, last: HTMLElement, change: HTMLElement}} Row */

export class Watchlist {
  /** @type {Map<string, Row>} */
  #rows = new Map();
  #panel = byId("watch");
  #body = byId("watch-rows");
  #edit = byId("watch-edit");
  /** @type {Promise<unknown>} saves follow one another, so the last order wins */
  #saving = Promise.resolve();

  /**
   * @param {string[]} symbols
   * @param {{desk: import("./desk.js").Desk, quotes: import("./quotes.js").Quotes,
   *          notices: import("./notices.js").Notices, add: () => void}} parts
   */
  constructor(symbols, { desk, quotes, notices, add }) {
    this.symbols = [...symbols];
    this.desk = desk;
    this.quotes = quotes;
    this.notices = notices;
    byId("watch-add").addEventListener("click", add);
    this.#edit.addEventListener("click", () => this.#setEditing(this.#edit.getAttribute("aria-pressed") !== "true"));
    this.#body.addEventListener("keydown", (event) => this.#key(event));
    this.#body.addEventListener("click", (event) => this.#click(event));
    this.#body.addEventListener("focusin", (event) => this.#rove(targetOf(event)));
    this.#body.addEventListener("dragstart", (event) => this.#dragStart(event));
    this.#body.addEventListener("dragover", (event) => this.#dragOver(event));
    this.#body.addEventListener("drop", (event) => event.preventDefault());
    this.#body.addEventListener("dragend", () => this.#dragEnd());
    desk.addEventListener("symbol", () => this.#mark());
    desk.instruments.addEventListener("complete", () => this.#paint(this.symbols));
    quotes.addEventListener("change", (/** @type {CustomEvent<string[]>} */ event) => this.#paint(event.detail));
    this.#lay();
  }

  /** @param {string} symbol */
  has(symbol) {
    return this.symbols.includes(symbol);
  }

  /** @param {string} symbol */
  add(symbol) {
    if (this.has(symbol)) return this.#say(`${symbol} is in the watchlist already.`);
    this.symbols.push(symbol);
    this.#lay();
    this.#say(`${symbol} added to the watchlist.`);
    this.#save();
  }

  /** @param {string} symbol */
  remove(symbol) {
    const at = this.symbols.indexOf(symbol);
    if (at < 0) return;
    this.symbols.splice(at, 1);
    this.#lay();
    this.focus(this.symbols[Math.min(at, this.symbols.length - 1)]);
    this.#say(`${symbol} removed from the watchlist.`);
    this.#save();
  }

  /**
   * @param {string} symbol
   * @param {number} step -1 up, +1 down
   */
  move(symbol, step) {
    const from = this.symbols.indexOf(symbol);
    const to = from + step;
    if (from < 0 || to < 0 || to >= this.symbols.length) return;
    this.symbols.splice(from, 1);
    this.symbols.splice(to, 0, symbol);
    const focused = document.activeElement;
    this.#lay();
    if (focused instanceof HTMLElement && this.#body.contains(focused)) focused.focus();
    this.#say(`${symbol} is number ${to + 1} of ${this.symbols.length}.`);
    this.#save();
  }

  /** @param {string | undefined} symbol */
  focus(symbol) {
    if (symbol === undefined) byId("watch-add").focus();
    else this.#rows.get(symbol)?.button.focus();
  }

  /** Put the rows into the order of `symbols`, keeping those that are there. */
  #lay() {
    for (const [symbol, row] of this.#rows) {
      if (this.has(symbol)) continue;
      row.tr.remove();
      this.#rows.delete(symbol);
    }
    this.symbols.forEach((symbol, at) => {
      if (!this.#rows.has(symbol)) this.#rows.set(symbol, this.#makeRow(symbol));
      const { tr } = this.#rows.get(symbol);
      if (this.#body.children[at] !== tr) this.#body.insertBefore(tr, this.#body.children[at] ?? null);
    });
    this.#mark();
    this.#paint(this.symbols);
    const isEmpty = this.symbols.length === 0;
    setState(this.#panel, isEmpty ? "empty" : "live", isEmpty ? "No symbols yet. Press + to add one." : "");
  }

  /**
   * @param {string} symbol
   * @returns {Row}
   */
  #makeRow(symbol) {
    const button = element("button", { type: "button", class: "symbol", tabindex: "-1" }, ...nameParts(symbol));
    const last = element("td", { class: "num" }, "—");
    const change = element("td", { class: "num dir" }, "—");
    const tools = element(
      "td",
      { class: "tools" },
      tool("up", "▲", `Move ${symbol} up`),
      tool("down", "▼", `Move ${symbol} down`),
      tool("remove", "✕", `Remove ${symbol} from the watchlist`),
    );
    const name = element("th", { scope: "row" }, button);
    const tr = element("tr", { "data-symbol": symbol, draggable: "true" }, name, last, change, tools);
    return { tr, button, last, change };
  }

  #mark() {
    const current = this.has(this.desk.symbol) ? this.desk.symbol : this.symbols[0];
    for (const [symbol, { tr, button }] of this.#rows) {
      if (symbol === this.desk.symbol) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
      tr.classList.toggle("current", symbol === this.desk.symbol);
      button.tabIndex = symbol === current ? 0 : -1;
    }
  }

  /** @param {Iterable<string>} symbols */
  #paint(symbols) {
    for (const symbol of symbols) {
      const row = this.#rows.get(symbol);
      const ticker = this.quotes.get(symbol);
      if (!row || !ticker) continue;
      const instrument = this.desk.instruments.get(symbol);
      setPrice(row.last, ticker.last, fixed(ticker.last, priceDecimals(instrument)));
      setText(row.change, ticker.stale ? "stale" : percent(ticker.change_pct));
      row.change.className = `num dir ${ticker.stale ? "" : direction(ticker.change_pct)}`;
      row.tr.classList.toggle("stale", Boolean(ticker.stale));
    }
  }

  /** @param {boolean} isEditing */
  #setEditing(isEditing) {
    this.#edit.setAttribute("aria-pressed", String(isEditing));
    this.#panel.classList.toggle("editing", isEditing);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const symbol = targetOf(event).closest("tr")?.dataset.symbol;
    if (!symbol || !targetOf(event).matches(".symbol")) return;
    const at = this.symbols.indexOf(symbol);
    const last = this.symbols.length - 1;
    if (event.altKey && event.key === "ArrowUp") this.move(symbol, -1);
    else if (event.altKey && event.key === "ArrowDown") this.move(symbol, +1);
    else if (event.key === "ArrowUp") this.focus(this.symbols[Math.max(0, at - 1)]);
    else if (event.key === "ArrowDown") this.focus(this.symbols[Math.min(last, at + 1)]);
    else if (event.key === "Home") this.focus(this.symbols[0]);
    else if (event.key === "End") this.focus(this.symbols[last]);
    else if (event.key === "Delete") this.remove(symbol);
    else return;
    event.preventDefault();
  }

  /** @param {MouseEvent} event */
  #click(event) {
    const symbol = targetOf(event).closest("tr")?.dataset.symbol;
    if (!symbol) return;
    const action = /** @type {HTMLElement | null} */ (targetOf(event).closest("[data-action]"))?.dataset.action;
    if (action === "up") this.move(symbol, -1);
    else if (action === "down") this.move(symbol, +1);
    else if (action === "remove") this.remove(symbol);
    else this.desk.select(symbol);
  }

  /** @param {Element} target */
  #rove(target) {
    if (!target.matches(".symbol")) return;
    for (const { button } of this.#rows.values()) button.tabIndex = button === target ? 0 : -1;
  }

  /** @param {DragEvent} event */
  #dragStart(event) {
    const tr = targetOf(event).closest("tr");
    tr.classList.add("dragged");
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", tr.dataset.symbol);
  }

  /** @param {DragEvent} event */
  #dragOver(event) {
    const dragged = this.#body.querySelector(".dragged");
    const over = targetOf(event).closest("tr");
    if (!dragged) return;
    event.preventDefault();
    if (!over || over === dragged) return;
    const box = over.getBoundingClientRect();
    const isBelow = event.clientY > box.top + box.height / 2;
    this.#body.insertBefore(dragged, isBelow ? over.nextSibling : over);
  }

  #dragEnd() {
    const dragged = this.#body.querySelector(".dragged");
    dragged?.classList.remove("dragged");
    const order = [...this.#body.children].map((tr) => tr.dataset.symbol);
    if (order.join() === this.symbols.join()) return;
    this.symbols = order;
    this.#say(`${dragged.dataset.symbol} is number ${order.indexOf(dragged.dataset.symbol) + 1} of ${order.length}.`);
    this.#save();
  }

  #save() {
    const symbols = [...this.symbols];
    this.#saving = this.#saving
      .then(() => send("PUT", "/api/watchlist/", { symbols }))
      .catch((problem) => this.notices.tell("WARNING", "Watchlist not saved", problem.message));
  }

  /** @param {string} text */
  #say(text) {
    setText(byId("watch-said"), text);
  }
}

/**
 * What tells two symbols apart first: `sim-east:BTCUSDT-PERP` as BTCUSDT, with the rest set smaller.
 * @param {string} symbol
 */
function nameParts(symbol) {
  const [, venue = "", pair, rest] = /^(?:(.+):)?([^-]+)(.*)$/.exec(symbol) ?? ["", "", symbol, ""];
  return [pair, element("small", {}, rest), " ", element("small", { class: "venue" }, venue)];
}

/**
 * @param {string} action
 * @param {string} sign
 * @param {string} name
 */
function tool(action, sign, name) {
  return element("button", { type: "button", class: "btn", "data-action": action, "aria-label": name }, sign);
}
