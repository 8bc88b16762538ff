"""Market events to put into a lake, short to write."""

from __future__ import annotations

from candlewick.core.events import Candle, Trade

BTC = "sim:BTCUSDT"
NS = 1_000_000_000


def candle(
    time: int,
    close: float = 100.0,
    *,
    instrument: str = BTC,
    interval: str = "1m",
    closed: bool = True,
    rev: int | None = None,
    quote_volume: float | None = None,
    trades: int | None = None,
) -> Candle:
    known = (time + 60) * NS if rev is None else rev
    return Candle(
        instrument=instrument,
        interval=interval,
        time=time,
        open=100.0,
        high=max(100.0, close),
        low=min(100.0, close),
        close=close,
        volume=1.5,
        closed=closed,
        ts_exchange=known,
        ts_received=known,
        quote_volume=quote_volume,
        trades=trades,
    )


def trade(id: int | str, ts_ns: int, price: float = 100.0, *, instrument: str = BTC) -> Trade:
    return Trade(instrument, id, price, 0.25, "buy", ts_ns, ts_ns + 5)
