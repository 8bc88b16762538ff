/** Puts the terminal together: one connection, the panels, and who tells whom. */

import { send } from "../api.js";
import { byId } from "../cells.js";
import { Charted } from "../charted.js";
import { serveComponents } from "../components/kernel.js";
import { Ties } from "../components/ties.js";
import { Confirm } from "../confirm.js";
import { Live } from "../live.js";
import { Preferences } from "../preferences.js";
import { Account } from "./account.js";
import { followAddress } from "./address.js";
import { Blotter } from "./blotter.js";
import { Book } from "./book.js";
import { Catalogue } from "./chart/catalogue.js";
import { Chart } from "./chart/chart.js";
import { Lines } from "./chart/lines.js";
import { Marks } from "./chart/marks.js";
import { Desk } from "./desk.js";
import { Feeds } from "./feeds.js";
import { Fills } from "./fills.js";
import { Headline } from "./headline.js";
import { Instruments } from "./instruments.js";
import { Kpis } from "./kpis.js";
import { lazily } from "./lazily.js";
import { Notices } from "./notices.js";
import { Orders } from "./orders.js";
import { indicatorsDialog } from "./pick.js";
import { Quotes } from "./quotes.js";
import { Search } from "./search.js";
import { listenForShortcuts, offerPreferences } from "./shortcuts.js";
import { soundNews } from "./sounds.js";
import { Status } from "./status.js";
import { Strip } from "./strip.js";
import { Tape } from "./tape.js";
import { Ticket } from "./ticket.js";
import { controlChart } from "./toolbar.js";
import { Trading } from "./trading.js";
import { Watchlist } from "./watchlist.js";

/**
 * @typedef {object} Start what the server knew when it made the page
 * @property {string} symbol
 * @property {string} interval
 * @property {Record<string, number>} intervals name → seconds, shortest first
 * @property {string[]} favourites
 * @property {string[]} watchlist
 * @property {string[]} strip
 * @property {boolean} replays whether a recording is played
 * @property {import("./desk.js").Instrument[]} instruments
 * @property {{id: number, name: string, currency: string, may_trade: boolean, may_manage_risk: boolean} | null} account
 * @property {import("../preferences.js").Choices} preferences
 * @property {{indicators: import("./chart/study.js").Look[], kinds: import("./chart/catalogue.js").Kind[], most: number}} charts
 */

/** @type {Start} */
const start = JSON.parse(byId("start").textContent);
const { symbol, interval, intervals, favourites, watchlist: symbols, strip } = start;

const live = new Live("/ws/");
const instruments = new Instruments(start.instruments);
const desk = new Desk({ symbol, interval, intervals: Object.keys(intervals) }, instruments);
followAddress(desk);
const preferences = new Preferences(start.preferences);
const notices = new Notices({ live, account: start.account?.id });
const charted = new Charted(start.charts.indicators, {
  catalogue: new Catalogue(start.charts.kinds),
  most: start.charts.most,
  keep: async (wanted) => (await send("PUT", "/api/preferences/indicators/", { indicators: wanted })).indicators,
});
const chart = new Chart(byId("chart"), { desk, live, lengths: intervals, notices, charted });
const pick = indicatorsDialog();
const backtests = lazily(() => import("./backtests.js").then(({ Backtests }) => new Backtests({ chart, desk, notices })), (sentence) => notices.tell("WARNING", "Trades", sentence));
const quotes = new Quotes(live);
const headline = new Headline({ desk, live });
const book = new Book({ desk, live });
const feeds = new Feeds({ live, desk });
const search = new Search({ instruments, watchlist: () => watchlist });
const watchlist = new Watchlist(symbols, { desk, quotes, notices, add: () => search.open(desk, true) });
new Tape({ desk, live });
new Strip(strip, { desk, quotes });
const replay = start.replays ? new (await import("./replay.js")).Replay({ notices }) : null;
new Status({ live, feeds, desk, headline, book, notices, replay, refresh: () => chart.refresh() });
controlChart({ desk });
byId("chart-png").addEventListener("click", () => chart.savePicture());
byId("search-open").addEventListener("click", () => search.open(desk));
byId("indicators-open").addEventListener("click", () => pick(charted));
// the dialog tells of itself what was not kept
charted.addEventListener("problem", (/** @type {CustomEvent<string>} */ event) => byId("indicators").open || notices.tell("WARNING", "Indicators", event.detail));
charted.addEventListener("settings", (/** @type {CustomEvent<string>} */ event) => pick(charted, event.detail));
byId("trades-menu").addEventListener("beforetoggle", (/** @type {ToggleEvent} */ event) => event.newState === "open" && backtests((it) => it.offer()));
const asked = new URLSearchParams(location.search).get("backtest");
if (asked) backtests((it) => it.showAsked(asked));
listenForShortcuts({ desk, search, pick: () => pick(charted), favourites, preferences, trading: start.account ? trade(start.account) : null });

live.open();
// prices of what the page did not come with need their instrument's step; the chart goes first
const whenIdle = window.requestIdleCallback ?? ((run) => setTimeout(run, 200));
whenIdle(() => instruments.load().catch((problem) => notices.tell("WARNING", "Instruments", problem.message)));

/**
 * What the page has for whoever has an account; the keys that trade with it.
 * @param {NonNullable<Start["account"]>} about
 * @returns {import("./shortcuts.js").Keys}
 */
function trade(about) {
  const failed = (/** @type {Error} */ problem) => notices.tell("WARNING", "Preferences", problem.message);
  const account = new Account(about, live);
  const confirm = new Confirm(preferences, failed);
  const trading = new Trading({ account, instruments, confirm, notices });
  const fills = new Fills({ account, desk, notices });
  const amend = lazily(() => import("./amend.js").then(({ AmendDialog }) => new AmendDialog({ trading })), (sentence) => notices.tell("WARNING", "Not amended", sentence));
  const orders = new Orders({ account, desk, trading, notices, amend });
  const blotter = new Blotter({ account, desk, orders, fills });
  const ticket = new Ticket({ account, desk });
  new Kpis(account);
  new Lines({ chart, desk, account, trading, confirm, notices });
  new Marks({ chart, desk, account: about.id, fills });
  new Ties(live, about.id);
  soundNews({ account, live, preferences });
  serveComponents({
    ask: (element, text) => {
      const { text: question, yes } = element.id === "ticket-form" ? ticket.question() : { text, yes: element.dataset.yes };
      return confirm.ask(element.dataset.asks, question, yes);
    },
  });
  offerPreferences(preferences, failed);
  book.addEventListener("price", (/** @type {CustomEvent<string>} */ event) => ticket.setPrice(event.detail));
  const press = (/** @type {string} */ selector) => /** @type {HTMLElement | null} */ (document.querySelector(selector))?.click();
  /** @type {import("./shortcuts.js").Keys} */
  const keys = { p: () => blotter.show("positions"), o: () => blotter.show("orders"), f: () => blotter.show("fills") };
  if (!about.may_trade) return keys;
  return {
    ...keys,
    b: () => ticket.take("buy"),
    s: () => ticket.take("sell"),
    B: () => ticket.market("buy"),
    S: () => ticket.market("sell"),
    x: () => press(`[data-row="${CSS.escape(desk.symbol)}"] [data-action="close"]`),
    X: () => press('[data-action="close-all"]'),
    c: () => trading.cancelAll(desk.symbol),
    C: () => trading.cancelAll(),
    k: () => press("#kill-open"),
  };
}
