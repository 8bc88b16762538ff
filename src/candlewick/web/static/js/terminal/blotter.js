/** The blotter's tabs: positions (a component of the server's), orders and fills. */

import { byId, setText } from "../cells.js";

const TABS = ["positions", "orders", "fills"];

export class Blotter {
  #tabs = TABS.map((name) => byId(`tab-${name}`));
  #only = /** @type {HTMLInputElement} */ (byId("blotter-only"));

  /**
   * @param {{account: import("./account.js").Account, desk: import("./desk.js").Desk,
   *   orders: import("./orders.js").Orders, fills: import("./fills.js").Fills}} parts
   */
  constructor({ account, desk, orders, fills }) {
    this.account = account;
    this.desk = desk;
    byId("blotter-tabs").addEventListener("click", (event) => this.#click(event));
    byId("blotter-tabs").addEventListener("keydown", (event) => this.#key(event));
    byId("pane-positions").addEventListener("click", (event) => this.#open(event));
    this.#only.addEventListener("change", () => {
      orders.showOnly(this.#only.checked);
      fills.showOnly(this.#only.checked);
      byId("pane-positions").classList.toggle("only", this.#only.checked);
      this.#mark();
    });
    account.addEventListener("orders", () => this.#count());
    account.addEventListener("positions", () => this.#count());
    desk.addEventListener("symbol", () => this.#mark());
    new MutationObserver(() => this.#mark()).observe(byId("pane-positions"), { childList: true, subtree: true });
  }

  /** @param {string} name */
  show(name) {
    TABS.forEach((each, at) => {
      const isShown = each === name;
      this.#tabs[at].setAttribute("aria-selected", String(isShown));
      this.#tabs[at].tabIndex = isShown ? 0 : -1;
      byId(`pane-${each}`).hidden = !isShown;
    });
  }

  /** @param {MouseEvent} event */
  #click(event) {
    const tab = /** @type {HTMLElement} */ (event.target).closest("[role=tab]");
    if (tab) this.show(tab.id.slice("tab-".length));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const at = this.#tabs.indexOf(event.target);
    if (!step || at < 0) return;
    const next = (at + step + TABS.length) % TABS.length;
    this.show(TABS[next]);
    this.#tabs[next].focus();
    event.preventDefault();
  }

  /**
   * A position's symbol opens its chart here, and its page elsewhere.
   * @param {MouseEvent} event
   */
  #open(event) {
    const link = /** @type {HTMLElement | null} */ (/** @type {HTMLElement} */ (event.target).closest("a[data-symbol]"));
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    this.desk.select(link.dataset.symbol);
  }

  #count() {
    const { positions, orders } = this.account;
    setText(byId("count-positions"), positions.size ? `(${positions.size})` : "");
    setText(byId("count-orders"), orders.size ? `(${orders.size})` : "");
  }

  /** Which position is of the symbol that is shown. */
  #mark() {
    for (const row of /** @type {NodeListOf<HTMLElement>} */ (byId("pane-positions").querySelectorAll("tbody [data-row]"))) {
      row.classList.toggle("current", row.dataset.row === this.desk.symbol);
    }
  }
}
