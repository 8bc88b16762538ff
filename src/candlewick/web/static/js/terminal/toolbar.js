/** The chart's buttons: intervals and the indicator menu. */

import { byId, element } from "../cells.js";
import { OFFERED } from "./chart/indicators.js";

/** @param {{desk: import("./desk.js").Desk, chart: import("./chart/chart.js").Chart}} parts */
export function controlChart({ desk, chart }) {
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

  const menu = byId("indicator-menu");
  for (const { spec, name } of OFFERED) {
    const box = element("input", { type: "checkbox", value: spec });
    box.checked = chart.indicators.isOn(spec);
    box.addEventListener("change", () => chart.toggleIndicator(spec));
    menu.append(element("label", { class: "check" }, box, name));
  }
}
