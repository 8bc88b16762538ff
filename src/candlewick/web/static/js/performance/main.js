/** The performance page: two charts over one axis of time; what is slow to know comes by htmx. */

import "htmx.org";
import { byId } from "../cells.js";
import { Curve } from "./curve.js";

const drawn = document.getElementById("drawn");
if (drawn) {
  const { currency, equity, drawdown } = JSON.parse(drawn.textContent ?? "");
  new Curve(byId("equity"), { title: currency, data: equity, color: "#ffd700", fill: "rgba(255, 215, 0, .07)", unit: "" });
  const below = document.getElementById("drawdown");
  if (below) new Curve(below, { title: "Drawdown", data: drawdown, color: "#ff7382", fill: "rgba(255, 115, 130, .16)", unit: "%" });
}
