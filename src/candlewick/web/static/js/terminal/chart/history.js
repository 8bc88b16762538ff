/** Candles from the server: the newest page, older pages, and what was missed. Busy answers are retried. */

import { get, Problem } from "../../api.js";

const PATH = "/api/dashboard/charts/ohlcv/";
export const FIRST_PAGE = 1000;
export const OLDER_PAGE = 2000;
const CATCH_UP = 5000;
const RETRY_MAX_MS = 8_000;

/** @typedef {{time: number, open: number, high: number, low: number, close: number, volume: number | null}} Candle */

/**
 * @param {string} symbol
 * @param {string} interval
 * @param {AbortSignal} signal
 * @returns {Promise<Candle[]>}
 */
export function newest(symbol, interval, signal) {
  return patiently(() => get(PATH, { symbol, interval, limit: FIRST_PAGE }, signal), signal);
}

/**
 * @param {string} symbol
 * @param {string} interval
 * @param {number} before UTC seconds
 * @param {AbortSignal} signal
 * @returns {Promise<Candle[]>}
 */
export function older(symbol, interval, before, signal) {
  return patiently(() => get(PATH, { symbol, interval, end: before, limit: OLDER_PAGE }, signal), signal);
}

/**
 * @param {string} symbol
 * @param {string} interval
 * @param {number} from UTC seconds
 * @param {AbortSignal} signal
 * @returns {Promise<Candle[]>}
 */
export function since(symbol, interval, from, signal) {
  return patiently(() => get(PATH, { symbol, interval, start: from, limit: CATCH_UP }, signal), signal);
}

/**
 * Whether so many candles may be missing that fetching them would leave a hole.
 * @param {number} from UTC seconds
 * @param {number} length of an interval in seconds
 */
export function isTooLongAgo(from, length) {
  return (Date.now() / 1000 - from) / length >= CATCH_UP;
}

/**
 * Try again while the engine is away or the server is busy or out of reach.
 * @template T
 * @param {() => Promise<T>} ask
 * @param {AbortSignal} signal
 */
export async function patiently(ask, signal) {
  for (let wait = 500; ; wait = Math.min(2 * wait, RETRY_MAX_MS)) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof Problem) || ![0, 429, 503].includes(error.status)) throw error;
      await pause((error.retryAfter ?? 0) * 1000 || wait * (0.75 + Math.random() / 2), signal);
    }
  }
}

/**
 * @param {number} duration
 * @param {AbortSignal} signal
 */
export function pause(duration, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, duration);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
