/**
 * The ticket: which fields its type asks for, sizes by one click, and what keys and the book put into it.
 * What an order would cost and risk is the server's answer, asked again while the market moves.
 */

import htmx from "htmx.org";
import { address } from "../api.js";
import { byId, targetOf } from "../cells.js";
import { TYPES } from "./trading.js";

const RECKON_EVERY_MS = 2_000;
const UNITS = { equity_pct: "% of equity" };

export class Ticket {
  #panel = byId("ticket");
  #body = byId("ticket-body");
  #open = byId("ticket-open");

  /**
   * @param {{account: import("./account.js").Account, desk: import("./desk.js").Desk}} parts
   */
  constructor({ account, desk }) {
    this.account = account;
    this.desk = desk;
    this.#body.addEventListener("change", (event) => this.#changed(event));
    this.#body.addEventListener("click", (event) => this.#click(event));
    this.#open.addEventListener("click", () => this.#toggle(!this.#isOpen));
    byId("ticket-close").addEventListener("click", () => this.#toggle(false));
    this.#panel.addEventListener("keydown", (event) => event.key === "Escape" && this.#isOpen && this.#toggle(false));
    desk.addEventListener("symbol", () => this.#load());
    setInterval(() => this.#reckon(), RECKON_EVERY_MS);
  }

  /** What is about to be sent, as a question, and the word that sends it. */
  question() {
    const fields = /** @type {Record<string, string>} */ (Object.fromEntries(new FormData(this.#form)));
    const { base = "", quote = "" } = this.desk.instrument ?? {};
    const unit = { quantity: base, notional: quote }[fields.size_in] ?? UNITS.equity_pct;
    const side = fields.side === "buy" ? "Buy" : "Sell";
    const said = [
      fields.limit_price && `limit ${fields.limit_price}`,
      fields.stop_price && `trigger ${fields.stop_price}`,
      fields.trail && `trailing by ${fields.trail} ${fields.trail_in === "percent" ? "%" : quote}`,
      fields.stop_loss && `stop loss ${fields.stop_loss}`,
      fields.take_profit && `take profit ${fields.take_profit}`,
    ].filter(Boolean);
    const type = TYPES[fields.order_type].toLowerCase();
    const text = `${side} ${fields.size || "nothing"} ${unit} of ${this.desk.symbol}, ${[type, ...said].join(", ")}?`;
    return { text, yes: `${side} ${this.desk.symbol}` };
  }

  /**
   * Bring the ticket up for a side, with the cursor in its size.
   * @param {"buy" | "sell"} side
   */
  take(side) {
    if (!this.#form) return;
    this.#choose("side", side);
    this.#toggle(true);
    byId("ticket-size").select();
    byId("ticket-size").focus();
  }

  /**
   * Send the ticket's size at the market.
   * @param {"buy" | "sell"} side
   */
  market(side) {
    if (!this.#form) return;
    this.#choose("side", side);
    this.#choose("order_type", "market");
    if (!byId("ticket-size").value) return this.take(side);
    this.#form.requestSubmit();
  }

  /**
   * Put a price that was pointed at into the ticket, as a limit unless its type has one already.
   * @param {string} price
   */
  setPrice(price) {
    if (!this.#form) return;
    if (byId("ticket-limit-price").disabled) this.#choose("order_type", "limit");
    byId("ticket-limit-price").value = price;
    this.#input(byId("ticket-limit-price"));
  }

  get #form() {
    return /** @type {HTMLFormElement | null} */ (document.getElementById("ticket-form"));
  }

  get #isOpen() {
    return this.#panel.classList.contains("open");
  }

  /** @param {Event} event */
  #changed(event) {
    if (targetOf(event).matches("[name=order_type], [name=time_in_force]")) this.#arrange();
  }

  /** Show and send what the type asks for, and nothing else. */
  #arrange() {
    const form = this.#form;
    const type = /** @type {HTMLInputElement} */ (form.querySelector("[name=order_type]:checked"));
    const wanted = new Set(type.dataset.fields.split(" "));
    const force = /** @type {any} */ (form.elements.namedItem("time_in_force")).value;
    if (force !== "GTD") wanted.delete("good_till");
    const known = new Set([...form.querySelectorAll("[data-fields]")].flatMap((each) => /** @type {HTMLElement} */ (each).dataset.fields.split(" ")));
    for (const field of /** @type {NodeListOf<HTMLElement>} */ (form.querySelectorAll("[data-field]"))) {
      if (!known.has(field.dataset.field)) continue;
      const isShown = wanted.has(field.dataset.field);
      field.hidden = !isShown;
      for (const box of field.querySelectorAll("input, select")) box.toggleAttribute("disabled", !isShown);
    }
  }

  /** @param {MouseEvent} event */
  #click(event) {
    const share = /** @type {HTMLElement | null} */ (targetOf(event).closest("[data-share]"));
    if (!share) return;
    byId("ticket-size").value = share.dataset.share;
    byId("ticket-size-in").value = "equity_pct";
    this.#input(byId("ticket-size"));
  }

  /**
   * @param {string} name
   * @param {string} value
   */
  #choose(name, value) {
    const box = /** @type {HTMLInputElement} */ (this.#form.querySelector(`[name=${name}][value=${value}]`));
    if (box.checked) return;
    box.checked = true;
    box.dispatchEvent(new Event("change", { bubbles: true }));
    this.#input(box);
  }

  /** @param {HTMLElement} box */
  #input(box) {
    box.dispatchEvent(new Event("input", { bubbles: true }));
  }

  /** The market moves under what was typed. */
  #reckon() {
    const preview = document.getElementById("c-order-preview");
    const size = /** @type {HTMLInputElement | null} */ (document.getElementById("ticket-size"));
    if (document.hidden || !preview || !size?.value) return;
    htmx.trigger(preview, "preview");
  }

  /** Another symbol, another ticket: prices of the old one mean nothing here. */
  #load() {
    const { symbol } = this.desk;
    const component = document.getElementById("c-order");
    if (!component || !this.#form) return;
    const unit = /** @type {HTMLSelectElement | null} */ (document.getElementById("ticket-size-in"))?.value;
    const path = address("/components/order/", { symbol, size_in: unit, account: this.account.about.id });
    htmx.ajax("GET", path, { target: component, swap: "outerHTML" });
  }

  /** @param {boolean} isOpen on a narrow window the ticket is a sheet */
  #toggle(isOpen) {
    this.#panel.classList.toggle("open", isOpen);
    this.#open.setAttribute("aria-expanded", String(isOpen));
  }
}
