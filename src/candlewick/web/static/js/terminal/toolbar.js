/** The chart's buttons: its intervals. */

import { byId } from "../cells.js";

/** @param {{desk: import("./desk.js").Desk}} parts */
export function controlChart({ desk }) {
  const buttons = [...byId("intervals").querySelectorAll("button")];
  const more = byId("more-intervals");
  const show = () => {
    let isFavourite = false;
    for (const button of buttons) {
      const isShown = button.value === desk.interval;
      isFavourite ||= isShown;
      button.setAttribute("aria-pressed", String(isShown));
    }
    more.value = isFavourite ? "" : desk.interval;
    more.classList.toggle("chosen", !isFavourite);
  };
  for (const button of buttons) button.addEventListener("click", () => desk.setInterval(button.value));
  more.addEventListener("change", () => more.value && desk.setInterval(more.value));
  desk.addEventListener("interval", show);
  desk.addEventListener("symbol", show); // going back in history may change both
  show();
}
