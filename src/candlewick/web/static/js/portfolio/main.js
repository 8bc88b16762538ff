/** The portfolio: figures that move; orders and balances that are drawn anew when something happened to them. */

import { Live } from "../live.js";
import { refresh, serveComponents } from "../components/kernel.js";
import { Ties } from "../components/ties.js";

const LINGER_MS = 120; // one order is several events, and one fill moves several balances

/** @type {Map<string, number>} */
const due = new Map();

/** @param {string} id of the part that is drawn anew */
function refreshSoon(id) {
  if (due.has(id)) return;
  due.set(
    id,
    setTimeout(() => {
      due.delete(id);
      const part = document.getElementById(id);
      if (part) refresh(part);
    }, LINGER_MS),
  );
}

const live = new Live("/ws/");
const account = document.body.dataset.account;

serveComponents({ ask: async (_element, text) => window.confirm(text) });
new Ties(live, account ? Number(account) : null);

if (account && document.getElementById("holdings")) {
  // A snapshot is what came about between the page and its socket: it may be newer than the page.
  live.subscribe([`orders:${account}`], () => {
    refreshSoon("working-orders");
    refreshSoon("holdings"); // an order locks money
  });
  live.subscribe([`portfolio:${account}`], ({ type }) => type === "balance_changed" && refreshSoon("holdings"));
  live.subscribe([`positions:${account}`], ({ type }) => type === "position_changed" && refreshSoon("holdings"));
}
live.open();
