/** The form of a new study: other bars bring their days, and bars that are not here yet can be brought in. */

import "htmx.org";
import { byId } from "../cells.js";
import { bringBars } from "./bring.js";

const DAY_MS = 86_400_000;

bringBars(JSON.parse(byId("lengths").textContent));
const markets = /** @type {HTMLSelectElement | null} */ (document.getElementById("f-market"));
markets?.addEventListener("change", () => {
  const { first, last } = markets.selectedOptions[0].dataset;
  byId("f-start").value = first;
  byId("f-end").value = new Date(Date.parse(last) + DAY_MS).toISOString().slice(0, 10); // a day that is not in it
});
