/** The way to the dialog of indicators, whose script is fetched when it is first wanted. */

import { byId, setText } from "../cells.js";
import { lazily } from "./lazily.js";

/** @typedef {(charted: import("../charted.js").Charted, key?: string) => void} Pick of which chart, and whose settings are wanted */

/** @returns {Pick} */
export function indicatorsDialog() {
  const dialog = /** @type {HTMLDialogElement} */ (byId("indicators"));
  const search = byId("indicator-search");
  const picker = lazily(() => import("./picker.js").then(({ Picker }) => new Picker()), (sentence) => setText(byId("indicator-said"), sentence));
  return (charted, key) => {
    // open at once, whatever is fetched still: what is typed next belongs to it, and a key that would trade
    // elsewhere is a letter of a name
    if (!dialog.open) {
      search.value = "";
      dialog.showModal();
      search.focus();
    }
    picker((it) => it.show(charted, key));
  };
}
