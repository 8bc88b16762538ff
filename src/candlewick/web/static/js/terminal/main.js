/** Puts the terminal together: one connection, the panels, and who tells whom. */

import { Live } from "../live.js";
import { Book } from "./book.js";
import { byId } from "./cells.js";
import { Chart } from "./chart/chart.js";
import { Desk } from "./desk.js";
import { Feeds } from "./feeds.js";
import { Headline } from "./headline.js";
import { Instruments } from "./instruments.js";
import { Notices } from "./notices.js";
import { Quotes } from "./quotes.js";
import { Replay } from "./replay.js";
import { Search } from "./search.js";
import { listenForShortcuts } from "./shortcuts.js";
import { Status } from "./status.js";
import { Strip } from "./strip.js";
import { Tape } from "./tape.js";
import { controlChart } from "./toolbar.js";
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
 */

/** @type {Start} */
const start = JSON.parse(byId("start").textContent);
const { symbol, interval, intervals, favourites, watchlist: symbols, strip } = start;

const live = new Live("/ws/");
const instruments = new Instruments(start.instruments);
const desk = new Desk({ symbol, interval, intervals: Object.keys(intervals) }, instruments);
const notices = new Notices({ live });
const chart = new Chart({ desk, live, lengths: intervals, notices });
const quotes = new Quotes(live);
const headline = new Headline({ desk, live });
const book = new Book({ desk, live });
const feeds = new Feeds({ live, desk });
const search = new Search({ desk, watchlist: () => watchlist });
const watchlist = new Watchlist(symbols, { desk, quotes, notices, add: () => search.open(true) });
new Tape({ desk, live });
new Strip(strip, { desk, quotes });
const replay = start.replays ? new Replay({ notices }) : null;
new Status({ live, feeds, desk, headline, book, notices, replay, refresh: () => chart.refresh() });
controlChart({ desk, chart });
listenForShortcuts({ desk, search, favourites });

live.open();
// prices of what the page did not come with need their instrument's step; the chart goes first
const whenIdle = window.requestIdleCallback ?? ((run) => setTimeout(run, 200));
whenIdle(() => instruments.load().catch((problem) => notices.tell("WARNING", "Instruments", problem.message)));
