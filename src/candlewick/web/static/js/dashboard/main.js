/** The dashboard: figures that move, the curve that grows, and trades that are drawn anew after a fill. */

import { Live } from "../live.js";
import { refresh, serveComponents } from "../components/kernel.js";
import { Ties } from "../components/ties.js";
import { Growing } from "./growing.js";

const FILL_LINGER_MS = 300; // one order is several fills

const live = new Live("/ws/");
const account = document.body.dataset.account;

serveComponents({ ask: async (_element, text) => window.confirm(text) });
new Ties(live, account ? Number(account) : null);

const drawn = document.getElementById("drawn");
if (drawn && account) {
  const growing = new Growing(document.getElementById("equity"), JSON.parse(drawn.textContent ?? ""));
  live.subscribe([`portfolio:${account}`], ({ data }) => growing.take(data));
  let due = 0;
  live.subscribe([`orders:${account}`], ({ type }) => {
    if (due || !/_filled$/.test(type)) return;
    due = setTimeout(() => {
      due = 0;
      const trades = document.getElementById("recent-trades");
      if (trades) refresh(trades);
    }, FILL_LINGER_MS);
  });
}
live.open();
