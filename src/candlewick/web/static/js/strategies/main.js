/** The pages of strategies: those at work are drawn anew when something happens to them, calmly. */

import htmx from "htmx.org";
import { Live } from "../live.js";

const CALM_MS = 1_500; // figures follow every tick; nobody reads them faster

const shown = () => document.querySelector("#at-work, #working");
const account = /** @type {HTMLElement | null} */ (shown())?.dataset.account;
let due = 0;

document.addEventListener("submit", (event) => {
  const question = /** @type {HTMLElement | null} */ (event.submitter)?.dataset.asks;
  if (question && !window.confirm(question)) event.preventDefault();
});

if (account) {
  const live = new Live("/ws/");
  live.subscribe([`strategies:${account}`], () => {
    due ||= window.setTimeout(again, CALM_MS);
  });
  live.open();
}

function again() {
  due = 0;
  const part = shown();
  // what somebody is about to press, or has ticked, stays where it is
  if (part && !part.querySelector("form:focus-within, input:checked, details[open]")) htmx.trigger(part, "refresh");
}
