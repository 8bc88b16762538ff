/** Keys that work anywhere on the page, and the dialog that lists them. */

import { byId, setText } from "../cells.js";

/** @typedef {(event: KeyboardEvent) => void} Press */
/** @typedef {Record<string, Press>} Keys what each key does, by `event.key` */

/**
 * @param {{desk: import("./desk.js").Desk, search: import("./search.js").Search, favourites: string[], trading: Keys | null,
 *   pick: () => void,
 *   preferences: import("../preferences.js").Preferences}} parts `trading` are the keys that can be turned off
 */
export function listenForShortcuts({ desk, search, pick, favourites, trading, preferences }) {
  const dialog = byId("shortcuts");
  byId("shortcuts-open").addEventListener("click", () => dialog.showModal());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());

  /** @type {Keys} */
  const looking = {
    "/": () => search.open(desk),
    i: () => pick(),
    "?": () => dialog.showModal(),
    "[": () => desk.stepInterval(-1),
    "]": () => desk.stepInterval(+1),
    g: () => byId("plot").focus(),
    w: () => /** @type {HTMLElement | null} */ (document.querySelector(".symbol[tabindex='0']"))?.focus(),
  };
  favourites.slice(0, 9).forEach((interval, at) => {
    looking[String(at + 1)] = () => desk.setInterval(interval);
  });

  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      if (!isAsking()) search.open(desk);
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || isAsking()) return;
    const press = looking[event.key] ?? (preferences.choices.hotkeys ? trading?.[event.key] : undefined);
    if (!press || (event.repeat && trading?.[event.key])) return; // a key that is held down trades once
    event.preventDefault();
    press(event);
  });
}

/**
 * The boxes of the dialog that turn the trading keys and each question on and off.
 * @param {import("../preferences.js").Preferences} preferences
 * @param {(problem: Error) => void} failed
 */
export function offerPreferences(preferences, failed) {
  const boxes = /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll("#preferences input"));
  const show = () => {
    for (const box of boxes) box.checked = preferences.choices[box.name];
    setText(byId("hotkeys-state"), preferences.choices.hotkeys ? "" : "(off)");
  };
  for (const box of boxes) {
    box.addEventListener("change", () => preferences.set({ [box.name]: box.checked }).catch(failed));
  }
  preferences.addEventListener("change", show);
  show();
}

/** Whether a dialog or a menu is waiting for an answer: keys belong to it. */
function isAsking() {
  return document.querySelector("dialog[open], [popover]:popover-open") !== null;
}

/** @param {EventTarget | null} target */
function isTyping(target) {
  return target instanceof Element && target.matches("input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable]");
}
