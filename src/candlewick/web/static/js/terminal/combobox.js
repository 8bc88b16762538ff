/** A field over a list of options (WAI-ARIA: combobox): the keys that go through it, and the one that is chosen. */

import { targetOf } from "../cells.js";

const PAGE = 8;
const STEPS = { ArrowDown: +1, ArrowUp: -1, PageDown: +PAGE, PageUp: -PAGE };

export class Combobox {
  /** @type {HTMLElement[]} */
  #options = [];
  #active = 0;

  /**
   * @param {HTMLInputElement} input
   * @param {HTMLElement} list
   * @param {{search: () => void, choose: (option: HTMLElement, event: KeyboardEvent | MouseEvent) => void}} told
   */
  constructor(input, list, { search, choose }) {
    this.input = input;
    this.list = list;
    this.choose = choose;
    input.addEventListener("input", search);
    input.addEventListener("keydown", (event) => this.#key(event));
    list.addEventListener("click", (event) => {
      const option = /** @type {HTMLElement | null} */ (targetOf(event).closest("[role=option]"));
      if (option) this.#take(option, event);
    });
  }

  /** @param {Node[]} nodes the options, or groups of them */
  show(nodes) {
    this.list.replaceChildren(...nodes);
    this.#options = /** @type {HTMLElement[]} */ ([...this.list.querySelectorAll("[role=option]")]);
    this.#activate(0);
  }

  /** @param {number} at */
  #activate(at) {
    this.#options[this.#active]?.setAttribute("aria-selected", "false");
    this.#active = Math.max(0, Math.min(at, this.#options.length - 1));
    const option = this.#options[this.#active];
    if (!option) return this.input.removeAttribute("aria-activedescendant");
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", option.id);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const option = this.#options[this.#active];
    if (event.key in STEPS) this.#activate(this.#active + STEPS[event.key]);
    else if (event.key !== "Enter") return;
    else if (option) this.#take(option, event);
    event.preventDefault();
  }

  /**
   * @param {HTMLElement} option
   * @param {KeyboardEvent | MouseEvent} event
   */
  #take(option, event) {
    this.#activate(this.#options.indexOf(option));
    this.choose(option, event);
  }
}
