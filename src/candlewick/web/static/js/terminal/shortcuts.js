/** Keys that work anywhere on the page, and the dialog that lists them. */

import { byId } from "./cells.js";

/** @param {{desk: import("./desk.js").Desk, search: import("./search.js").Search, favourites: string[]}} parts */
export function listenForShortcuts({ desk, search, favourites }) {
  const dialog = byId("shortcuts");
  byId("shortcuts-open").addEventListener("click", () => dialog.showModal());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());

  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      if (!document.querySelector("dialog[open]")) search.open();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || document.querySelector("dialog[open]")) return;
    if (event.key === "/") search.open();
    else if (event.key === "?") dialog.showModal();
    else if (event.key === "[") desk.stepInterval(-1);
    else if (event.key === "]") desk.stepInterval(+1);
    else if (/^[1-9]$/.test(event.key) && favourites[Number(event.key) - 1]) desk.setInterval(favourites[Number(event.key) - 1]);
    else if (event.key === "c") byId("plot").focus();
    else if (event.key === "w") /** @type {HTMLElement | null} */ (document.querySelector(".symbol[tabindex='0']"))?.focus();
    else return;
    event.preventDefault();
  });
}

/** @param {EventTarget | null} target */
function isTyping(target) {
  return target instanceof Element && target.matches("input, textarea, select, [contenteditable]");
}
