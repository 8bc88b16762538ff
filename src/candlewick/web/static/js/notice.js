/** One notice or alert as a row of a list: how grave, what, when. */

import { element } from "./cells.js";
import { clock, milliseconds, moment } from "./format.js";

const LEVELS = { CRITICAL: ["crit", "CRIT"], ERROR: ["crit", "ERR"], WARNING: ["warn", "WARN"], INFO: ["info", "INFO"] };

/** @typedef {{severity: string, title: string, message?: string, timestamp?: string}} Notice */

/** @param {Notice} notice */
export function noticeRow({ severity, title, message, timestamp }) {
  const [level, word] = LEVELS[severity?.toUpperCase()] ?? LEVELS.INFO;
  const at = milliseconds(timestamp) ?? Date.now();
  const text = element("span", { class: "text" }, element("strong", {}, title));
  if (message) text.append(" ", message);
  const isToday = moment(at).slice(0, 10) === moment(Date.now()).slice(0, 10);
  const time = element("time", { datetime: new Date(at).toISOString() }, isToday ? clock(at) : moment(at).slice(5));
  return element("li", {}, element("span", { class: `level ${level}` }, word), text, time);
}
