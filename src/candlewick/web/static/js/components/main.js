/** Brings the components of a plain page to life: the account's number stands in `data-account` on the body. */

import { Live } from "../live.js";
import { serveComponents } from "./kernel.js";
import { Ties } from "./ties.js";

const live = new Live("/ws/");
const account = document.body.dataset.account;

serveComponents({ ask: async (_element, text) => window.confirm(text) });
new Ties(live, account ? Number(account) : null);
live.open();

// What the address points at may come only with a component.
const aim = location.hash.slice(1);
if (aim && !document.getElementById(aim)) {
  const found = () => {
    const target = document.getElementById(aim);
    if (!target) return;
    document.removeEventListener("htmx:after:swap", found);
    target.focus();
  };
  document.addEventListener("htmx:after:swap", found);
}
