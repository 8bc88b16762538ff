/** The candles of a trade, with what was bought and sold on them and the mean prices it came to. */

import { CandlestickSeries, createChart, createSeriesMarkers } from "lightweight-charts";
import { get } from "../api.js";
import { decimals, fixed, milliseconds } from "../format.js";
import { CANDLES, CHART, DOWN, POSITION_LINE, UP } from "../terminal/chart/theme.js";

/**
 * @typedef {{time: string, side: "buy" | "sell", price: number, quantity: number}} Fill
 * @typedef {{symbol: string, interval: string, start: number, end: number, tick: number | null, long: boolean,
 *   entry: number, exit: number | null, fills: Fill[]}} Drawn
 */

const LENGTHS = { "1m": 60, "5m": 300, "15m": 900, "1h": 3_600, "4h": 14_400, "1d": 86_400 };

/**
 * @param {HTMLElement} place
 * @param {HTMLElement} said where it says what hinders it
 * @param {Drawn} drawn
 */
export async function drawTrade(place, said, drawn) {
  const { symbol, interval, start, end } = drawn;
  let candles;
  try {
    candles = await get("/api/dashboard/charts/ohlcv/", { symbol, interval, start, end, limit: 2_000 });
  } catch (problem) {
    said.textContent = `No candles: ${problem.message}`;
    place.dataset.state = "error";
    return;
  }
  if (candles.length === 0) {
    said.textContent = "There are no candles of that time.";
    place.dataset.state = "error";
    return;
  }
  const chart = createChart(place, { ...CHART, timeScale: { ...CHART.timeScale, rightOffset: 2 }, rightPriceScale: { ...CHART.rightPriceScale, scaleMargins: { top: 0.12, bottom: 0.12 } } });
  const places = decimals(drawn.tick);
  const priceFormat = { type: /** @type {const} */ ("custom"), minMove: drawn.tick ?? 1e-8, formatter: (price) => fixed(price, places) };
  const series = chart.addSeries(CandlestickSeries, { ...CANDLES, priceFormat, lastValueVisible: false, priceLineVisible: false });
  series.setData(candles);
  createSeriesMarkers(series, marks(drawn, LENGTHS[interval], candles));
  series.createPriceLine({ ...POSITION_LINE, price: drawn.entry, title: "Entry" });
  if (drawn.exit !== null) series.createPriceLine({ ...POSITION_LINE, price: drawn.exit, title: "Exit" });
  chart.timeScale().fitContent();
  place.dataset.state = "shown";
}

/**
 * One mark a candle and side, at most.
 * @param {Drawn} drawn
 * @param {number} length of a candle, seconds
 * @param {{time: number}[]} candles
 */
function marks({ fills, long }, length, candles) {
  const known = new Set(candles.map(({ time }) => time));
  /** @type {Map<string, {time: number, side: string, quantity: number}>} */
  const sums = new Map();
  for (const { time, side, quantity } of fills) {
    const opened = Math.floor((milliseconds(time) ?? 0) / 1_000 / length) * length;
    if (!known.has(opened)) continue;
    const key = `${opened} ${side}`;
    const sum = sums.get(key) ?? { time: opened, side, quantity: 0 };
    sum.quantity += quantity;
    sums.set(key, sum);
  }
  return [...sums.values()]
    .sort((one, other) => one.time - other.time)
    .map(({ time, side, quantity }) => ({
      time: /** @type {import("lightweight-charts").UTCTimestamp} */ (time),
      position: side === "buy" ? /** @type {const} */ ("belowBar") : /** @type {const} */ ("aboveBar"),
      shape: side === "buy" ? /** @type {const} */ ("arrowUp") : /** @type {const} */ ("arrowDown"),
      color: side === "buy" ? UP : DOWN,
      text: `${(side === "buy") === long ? "In" : "Out"} ${fixed(quantity, null)}`,
    }));
}
