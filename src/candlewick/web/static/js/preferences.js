/** How a person likes their terminal. Kept on the server, the same in every browser. */

import { send } from "./api.js";

/**
 * @typedef {object} Choices
 * @property {boolean} confirm_orders
 * @property {boolean} confirm_cancels
 * @property {boolean} confirm_closes
 * @property {boolean} confirm_drags
 * @property {boolean} hotkeys
 * @property {boolean} sounds
 */

/** `change` says that a choice is another one. */
export class Preferences extends EventTarget {
  /** @param {Choices} choices as the page came with them */
  constructor(choices) {
    super();
    this.choices = choices;
  }

  /**
   * Choose, at once here and then on the server; rejects with a `Problem`, and the choice is what it was.
   * @param {Partial<Choices>} choices
   */
  async set(choices) {
    const before = this.choices;
    this.#become({ ...before, ...choices });
    try {
      await send("PATCH", "/api/preferences/", choices);
    } catch (problem) {
      this.#become(before);
      throw problem;
    }
  }

  /** @param {Choices} choices */
  #become(choices) {
    this.choices = choices;
    this.dispatchEvent(new Event("change"));
  }
}
