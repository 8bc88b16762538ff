/** The account's figures in the top bar, and what it may do. */

import { draw } from "../frame.js";
import { direction, fixed, percent, signed, UNKNOWN } from "../format.js";
import { byId, setText } from "../cells.js";

const STATES = {
  REDUCING: ["REDUCING", "stale", "A limit is broken: the account may only reduce what it holds"],
  HALTED: ["HALTED", "disconnected", "The account takes no order until somebody lets it trade again"],
};

export class Kpis {
  /** @param {import("./account.js").Account} account */
  constructor(account) {
    this.account = account;
    account.addEventListener("portfolio", () => draw(this, () => this.#draw()));
  }

  #draw() {
    const { portfolio } = this.account;
    setText(byId("kpi-equity"), fixed(portfolio.total_value, 2));
    const day = byId("kpi-day");
    const gain = signed(portfolio.day_pnl);
    setText(day, portfolio.day_pnl === null ? UNKNOWN : `${gain} (${percent(portfolio.day_pnl_pct)})`);
    day.className = `dir ${/[1-9]/.test(gain) ? direction(portfolio.day_pnl) : ""}`;
    setText(byId("kpi-free"), fixed(portfolio.free_margin, 2));
    const [word, state, title] = STATES[portfolio.state] ?? ["", "", ""];
    const badge = byId("account-state");
    badge.hidden = word === "";
    badge.dataset.state = state;
    badge.title = title;
    setText(badge, word);
  }
}
