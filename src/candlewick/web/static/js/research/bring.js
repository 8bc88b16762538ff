/** Bars and funding that are not here yet: the server is asked page by page, and fetches what it lacks from the venue. */

import { get, Problem } from "../api.js";
import { byId, element, setText } from "../cells.js";
import { patiently } from "../terminal/chart/history.js";

const BARS = "/api/dashboard/charts/ohlcv/";
const FUNDING = "/api/market/funding/";
const PAGE = 5_000;
const SETTLEMENTS = 1_000; // of a page
const DAY_S = 86_400;
const PERPETUAL = /-PERP$|\/\w+:/; // BTCUSDT-PERP, BTC/USDT:USDT

const count = (/** @type {number} */ many) => many.toLocaleString("en-US");

/** @param {Record<string, number>} lengths of the timeframes, in seconds */
export function bringBars(lengths) {
  const stop = byId("bring-stop");
  const progress = byId("bring-progress");
  const say = (/** @type {string} */ text) => setText(byId("bring-said"), text);
  let bringing = new AbortController();

  stop.addEventListener("click", () => bringing.abort());
  byId("bring").addEventListener("submit", async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const symbol = byId("bring-symbol").value.trim().toUpperCase();
    const timeframe = byId("bring-timeframe").value;
    const [button] = /** @type {HTMLFormElement} */ (event.target).getElementsByTagName("button");
    bringing = new AbortController();
    const busy = (/** @type {boolean} */ isBusy) => {
      button.disabled = isBusy;
      stop.hidden = progress.hidden = !isBusy;
    };
    busy(true);
    progress.value = 0;
    say("");
    try {
      const span = { symbol, timeframe, days: Number(byId("bring-days").value), length: lengths[timeframe] };
      const found = await bring(span, bringing.signal, (part, bars) => {
        progress.value = part;
        say(`${count(bars)} bars`);
      });
      if (found.bars) offer(symbol, timeframe, found);
      const bars = `${count(found.bars)} bars`;
      const settled = found.bars && PERPETUAL.test(symbol) ? await funding(symbol, found.first, found.last + span.length, bringing.signal, (many) => say(`${bars}, ${count(many)} payments of funding`)) : null;
      say(found.bars ? `${bars}${settled === null ? "" : ` and ${count(settled)} payments of funding`} are here.` : `The venue has no ${timeframe} bars of ${symbol} of that time.`);
    } catch (problem) {
      say(bringing.signal.aborted ? "Stopped; what has come is kept." : problem instanceof Problem ? problem.message : String(problem));
    } finally {
      busy(false);
    }
  });
}

/**
 * @param {{symbol: string, timeframe: string, days: number, length: number}} span
 * @param {AbortSignal} signal
 * @param {(part: number, bars: number) => void} told how far it is
 * @returns {Promise<{bars: number, first: number, last: number}>} times in UTC seconds
 */
async function bring({ symbol, timeframe, days, length }, signal, told) {
  const end = Math.ceil(Date.now() / 1000 / length) * length;
  const start = Math.floor((end - days * DAY_S) / length) * length;
  const found = { bars: 0, first: Infinity, last: -Infinity };
  for (let to = end; to > start; to -= PAGE * length) {
    const from = Math.max(start, to - PAGE * length);
    const candles = await patiently(() => get(BARS, { symbol, interval: timeframe, start: from, end: to, limit: PAGE }, signal), signal);
    if (!candles.length) break; // the market is no older
    found.bars += candles.length;
    found.first = candles[0].time;
    found.last = Math.max(found.last, candles.at(-1).time);
    told((end - from) / (end - start), found.bars);
  }
  return found;
}

/**
 * What a perpetual's positions paid and received while its bars went on: a backtest without it is too good.
 * @param {string} symbol
 * @param {number} start UTC seconds
 * @param {number} end
 * @param {AbortSignal} signal
 * @param {(payments: number) => void} told how far it is
 * @returns {Promise<number>} how many there are
 */
async function funding(symbol, start, end, signal, told) {
  const asked = { symbol, start, end, limit: SETTLEMENTS };
  let payments = 0;
  for (let cursor; cursor !== null; ) {
    const query = cursor === undefined ? asked : { ...asked, cursor };
    const page = await patiently(() => get(FUNDING, query, signal), signal);
    payments += page.items.length;
    cursor = page.next;
    told(payments);
  }
  return payments;
}

/**
 * Offer them in the form, chosen; a page that had no bars for a form gets one.
 * @param {string} symbol
 * @param {string} timeframe
 * @param {{bars: number, first: number, last: number}} found
 */
function offer(symbol, timeframe, { bars, first, last }) {
  const markets = /** @type {HTMLSelectElement | null} */ (document.getElementById("f-market"));
  if (!markets) return location.reload();
  const day = (/** @type {number} */ seconds) => new Date(seconds * 1000).toISOString().slice(0, 10);
  const value = `${symbol}|${timeframe}`;
  const days = { "data-first": day(first), "data-last": day(last) };
  const option = element("option", { value, ...days }, `${symbol} · ${timeframe} · ${count(bars)} bars since ${day(first)}`);
  [...markets.options].find((known) => known.value === value)?.remove();
  markets.prepend(option);
  markets.value = value;
  markets.dispatchEvent(new Event("change"));
}
