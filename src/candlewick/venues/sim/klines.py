"""Candles of any interval from a tape: folds of minutes, or of the trades themselves for seconds."""

from __future__ import annotations

import numpy as np

from candlewick.venues.sim.folds import flat, fold, fold_columns
from candlewick.venues.sim.live import LiveMarket
from candlewick.venues.sim.minutes import CLOSE
from candlewick.venues.sim.model import Kline
from candlewick.venues.sim.path import DAY_MINUTES, HOUR_MS, MINUTE_MS
from candlewick.venues.sim.tape import Tape


def klines(tape: Tape, market: LiveMarket, first: int, last: int, interval_ms: int) -> list[Kline]:
    """Candles opening at first, first + interval, … last (ms); the running minute is `market`'s."""
    minutes = interval_ms // MINUTE_MS
    begin = max(first // MINUTE_MS, tape.history.first_minute)
    end = last // MINUTE_MS + minutes
    times, parts = [], []
    today = market.minute // DAY_MINUTES
    if interval_ms % HOUR_MS == 0 and end - begin > 2 * DAY_MINUTES:
        # whole days from their hours, which are kept; what sticks out at either end from its minutes
        day, last_day = -(-begin // DAY_MINUTES), min(today, end // DAY_MINUTES)
        if begin < day * DAY_MINUTES:
            times.append(np.arange(begin, day * DAY_MINUTES))
            parts.append(tape.minutes(begin, day * DAY_MINUTES))
        times.append(np.arange(day * DAY_MINUTES, last_day * DAY_MINUTES, 60))
        parts.append(tape.hours(day, last_day - day))
        begin = last_day * DAY_MINUTES
    closed = min(end, market.minute)
    if begin < closed:
        times.append(np.arange(begin, closed))
        parts.append(tape.minutes(begin, closed))
    if end > market.minute:
        times.append(np.array([market.minute]))
        parts.append(np.array(market.candle or flat(market.last), dtype=np.int64)[:, None])
    at = np.concatenate(times)
    bucket = (at - first // MINUTE_MS) // minutes
    starts = np.flatnonzero(np.diff(bucket, prepend=-1))
    folded = fold_columns(np.concatenate(parts, axis=1), starts).T.tolist()
    opens = (first + bucket[starts] * interval_ms).tolist()
    return [Kline(open_ms, *row) for open_ms, row in zip(opens, folded, strict=True)]


def seconds(tape: Tape, first: int, last: int, interval_ms: int, now_ms: int) -> list[Kline]:
    """Candles shorter than a minute; one without a trade repeats the last price."""
    price = tape.bar(first // MINUTE_MS - 1)[CLOSE]
    out: list[Kline] = []
    open_ms = first - first % MINUTE_MS
    candle: list[int] = []

    def close() -> None:
        nonlocal open_ms, candle, price
        if candle:
            price = candle[CLOSE]
        if open_ms >= first:
            out.append(Kline(open_ms, *(candle or flat(price))))
        open_ms += interval_ms
        candle = []

    for trade in tape.trades_from(first // MINUTE_MS, min(now_ms, last + interval_ms - 1)):
        while trade.ts_ms >= open_ms + interval_ms:
            close()
        fold(candle, trade.ticks, trade.lots, trade.seller_is_taker)
    while open_ms <= last:
        close()
    return out
