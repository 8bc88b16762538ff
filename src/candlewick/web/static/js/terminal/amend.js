/** The dialog that changes a working order's quantity and prices. */

import { byId, setText, targetOf } from "../cells.js";
import { PRICES } from "./trading.js";

const FIELDS = ["quantity", "limit_price", "stop_price"];

/** @typedef {import("./account.js").Order} Order */

export class AmendDialog {
  #dialog = /** @type {HTMLDialogElement} */ (byId("amend"));
  #form = /** @type {HTMLFormElement} */ (byId("amend-form"));
  /** @type {Order | null} */
  #order = null;

  /** @param {{trading: import("./trading.js").Trading}} parts */
  constructor({ trading }) {
    this.trading = trading;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    byId("amend-leave").addEventListener("click", () => this.#dialog.close());
    this.#dialog.addEventListener("click", (event) => targetOf(event) === this.#dialog && this.#dialog.close());
  }

  /** @param {Order} order */
  open(order) {
    this.#order = order;
    setText(byId("amend-title"), `Amend: ${this.trading.describe(order)}`);
    for (const name of FIELDS) {
      const belongs = name === "quantity" || PRICES[order.order_type].includes(name);
      this.#field(name).closest(".field").hidden = !belongs;
      this.#field(name).value = belongs ? plain(order[name]) : "";
    }
    this.#say("");
    this.#dialog.showModal();
    this.#field(PRICES[order.order_type][0]).select();
  }

  async #send() {
    const order = this.#order;
    const changes = {};
    for (const name of FIELDS) {
      const typed = this.#field(name).value.trim();
      if (!this.#field(name).closest(".field").hidden && typed !== plain(order[name])) changes[name] = typed;
    }
    if (!Object.keys(changes).length) return this.#dialog.close();
    this.#say("Sending…");
    byId("amend-send").disabled = true;
    try {
      await this.trading.amend(order, changes);
      this.#dialog.close();
    } catch (problem) {
      this.#say(Object.values(problem.errors ?? {}).flat().join(" ") || problem.message, "error");
    } finally {
      byId("amend-send").disabled = false;
    }
  }

  /**
   * @param {string} text
   * @param {string} level
   */
  #say(text, level = "") {
    setText(byId("amend-said"), text);
    byId("amend-said").className = `said ${level}`;
  }

  /** @param {string} name */
  #field(name) {
    return /** @type {any} */ (this.#form.elements.namedItem(name));
  }
}

/**
 * A number as it is typed: no thousands, no exponent.
 * @param {number | null} value
 */
function plain(value) {
  return value === null ? "" : value.toLocaleString("en-US", { useGrouping: false, maximumFractionDigits: 12 });
}
