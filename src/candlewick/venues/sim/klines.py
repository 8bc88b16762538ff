"""Candles of any interval from a tape: folds of minutes, or of the trades themselves for seconds."""

from __future__ import annotations

import numpy as np

from candlewick.venues.sim.folds import flat, fold, fold_columns
from candlewick.venues.sim.live import LiveMarket
from candlewick.venues.sim.minutes import CLOSE, COUNT, OPEN
from candlewick.venues.sim.model import Kline
from candlewick.venues.sim.noise import Ints
from candlewick.venues.sim.path import DAY_MINUTES, HOUR_MS, MINUTE_MS
from candlewick.venues.sim.tape import Tape, fold_trades


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


def by_clock(
    tape: Tape, market: LiveMarket, first: int, last: int, interval_ms: int, ahead_ms: int, now_ms: int
) -> list[Kline]:
    """Candles of a clock that is `ahead_ms` ahead of the true time, by which they open at first, … last (ms).

    A minute of that clock begins within a true one: what sticks out at either end is folded from trades.
    """
    out: list[Kline] = []
    price: int | None = None
    for open_ms in range(first, last + 1, interval_ms):
        begin = max(open_ms - ahead_ms, tape.history.first_minute * MINUTE_MS)
        end = min(open_ms + interval_ms - ahead_ms, now_ms + 1)
        columns = _traded(tape, market, begin, end)
        if columns.size:
            candle = fold_columns(columns, np.array([0]))[:, 0].tolist()
        else:
            candle = flat(_price_before(tape, begin) if price is None else price)
        price = candle[CLOSE]
        out.append(Kline(open_ms, *candle))
    return out


def _traded(tape: Tape, market: LiveMarket, begin_ms: int, end_ms: int) -> Ints:
    """Columns of candles, one after another, of all trades in [begin_ms, end_ms); none without any."""
    head = -(-begin_ms // MINUTE_MS)
    tail = min(end_ms // MINUTE_MS, market.minute)
    if head > tail:  # within one minute
        trades = (each for each in tape.trades_of_minute(tail) if begin_ms <= each.ts_ms < end_ms)
        return _column(fold_trades(trades))
    before = (each for each in tape.trades_of_minute(head - 1) if each.ts_ms >= begin_ms)
    whole = tape.minutes(head, tail)
    parts = [
        _column(fold_trades(before) if begin_ms < head * MINUTE_MS else []),
        whole[:, whole[COUNT] > 0],
        _column(fold_trades(tape.trades_from(tail, end_ms - 1))),
    ]
    return np.concatenate(parts, axis=1)


def _column(candle: list[int]) -> Ints:
    return np.array(candle, dtype=np.int64).reshape(9, -1)


def _price_before(tape: Tape, time_ms: int) -> int:
    """What traded last before `time_ms`."""
    minute = time_ms // MINUTE_MS
    candle = fold_trades(each for each in tape.trades_of_minute(minute) if each.ts_ms < time_ms)
    if candle:
        return candle[CLOSE]
    begun = minute > tape.history.first_minute
    return tape.bar(minute - 1)[CLOSE] if begun else tape.bar(minute)[OPEN]


def seconds(
    tape: Tape, first: int, last: int, interval_ms: int, now_ms: int, ahead_ms: int = 0
) -> list[Kline]:
    """Candles shorter than a minute; one without a trade repeats the last price.

    They open at `first`, … `last` by a clock that is `ahead_ms` ahead of the true time.
    """
    minute = (first - ahead_ms) // MINUTE_MS
    price = tape.bar(minute - 1)[CLOSE]
    out: list[Kline] = []
    begun = minute * MINUTE_MS + ahead_ms
    open_ms = begun - begun % interval_ms
    candle: list[int] = []

    def close() -> None:
        nonlocal open_ms, candle, price
        if candle:
            price = candle[CLOSE]
        if open_ms >= first:
            out.append(Kline(open_ms, *(candle or flat(price))))
        open_ms += interval_ms
        candle = []

    for trade in tape.trades_from(minute, min(now_ms, last + interval_ms - 1 - ahead_ms)):
        while trade.ts_ms + ahead_ms >= open_ms + interval_ms:
            close()
        fold(candle, trade.ticks, trade.lots, trade.seller_is_taker)
    while open_ms <= last:
        close()
    return out
