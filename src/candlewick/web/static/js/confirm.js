/** Asking first: one dialog, and the preference that turns it off. */

import { byId, setText } from "./cells.js";

export class Confirm {
  #dialog = /** @type {HTMLDialogElement} */ (byId("confirm"));
  #never = /** @type {HTMLInputElement} */ (byId("confirm-never"));

  /**
   * @param {import("./preferences.js").Preferences} preferences
   * @param {(problem: Error) => void} failed
   */
  constructor(preferences, failed) {
    this.preferences = preferences;
    this.failed = failed;
    this.#dialog.addEventListener("click", (event) => event.target === this.#dialog && this.#dialog.close("no"));
  }

  /**
   * Whether the person wants it. Asks unless they have turned this question off.
   * @param {string | undefined} choice name of the preference; without one it is always asked
   * @param {string} text what would be done, as a question
   * @param {string} [yes] the button that does it
   * @returns {Promise<boolean>}
   */
  async ask(choice, text, yes = "Do it") {
    if (choice && this.preferences.choices[choice] === false) return true;
    if (this.#dialog.open) return false;
    setText(byId("confirm-text"), text);
    setText(byId("confirm-yes"), yes);
    byId("confirm-again").hidden = !choice;
    this.#never.checked = false;
    this.#dialog.returnValue = "no"; // the Escape key keeps what was there
    this.#dialog.showModal();
    byId("confirm-yes").focus();
    await new Promise((resolve) => this.#dialog.addEventListener("close", resolve, { once: true }));
    const isWanted = this.#dialog.returnValue === "yes";
    if (isWanted && choice && this.#never.checked) this.preferences.set({ [choice]: false }).catch(this.failed);
    return isWanted;
  }
}
