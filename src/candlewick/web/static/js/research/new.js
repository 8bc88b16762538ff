/** The form of a new study: other bars bring their days, and bars that are not here yet can be brought in. */

import "htmx.org";
import { byId } from "../cells.js";
import { bringBars } from "./bring.js";

const DAY_MS = 86_400_000;

const lengths = JSON.parse(byId("lengths").textContent);
bringBars(lengths);
const markets = /** @type {HTMLSelectElement | null} */ (document.getElementById("f-market"));
if (markets) offerFiner();
markets?.addEventListener("change", () => {
  const finer = offerFiner();
  if (finer.selectedOptions[0].disabled) finer.value = "";
  const { first, last } = markets.selectedOptions[0].dataset;
  byId("f-start").value = first;
  byId("f-end").value = new Date(Date.parse(last) + DAY_MS).toISOString().slice(0, 10); // a day that is not in it
});

/** Offers of the finer bars those that the market has and that fill one of its bars. */
function offerFiner() {
  const finer = /** @type {HTMLSelectElement} */ (byId("f-finer"));
  const [symbol, timeframe] = markets.value.split("|");
  const there = new Set([...markets.options].map((each) => each.value));
  for (const option of finer.options) {
    const shorter = lengths[option.value] < lengths[timeframe] && lengths[timeframe] % lengths[option.value] === 0;
    option.disabled = option.value !== "" && !(shorter && there.has(`${symbol}|${option.value}`));
  }
  return finer;
}
