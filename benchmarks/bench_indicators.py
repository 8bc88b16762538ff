"""Indicators over a million rows against TA-Lib called bare, and what the open bar costs a live one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from benchmarks.report import Figure, cpu_seconds, show
from candlewick import ta
from candlewick.core.events import Candle
from candlewick.market.bars import Bars
from candlewick.market.indicators.catalogue import INDICATORS, parse
from candlewick.market.indicators.columns import talib

ROWS: Final = 1_000_000
HISTORY: Final = 3_000
PEEKS: Final = 2_000
ROUNDS: Final = 7
# Ratio of the CPU time to that of the bare call, as stated for `make bench`.
MOST: Final = 1.1
PEEK_US: Final = 5.0
SEARCH_MS: Final = 2.0


def bars(rows: int) -> Bars:
    """A random walk of minutes."""
    rng = np.random.default_rng(1)
    close = 30_000.0 * np.exp(np.cumsum(rng.normal(0.0, 0.0005, rows)))
    opened = np.concatenate([close[:1], close[:-1]])
    return Bars.from_arrays(
        symbol="X", timeframe="1m", time=1_704_067_200 + 60 * np.arange(rows), open=opened,
        high=np.maximum(opened, close) * 1.0003, low=np.minimum(opened, close) * 0.9997, close=close,
        volume=rng.random(rows) * 10.0,
    )  # fmt: skip


def pairs(of: Bars) -> dict[str, tuple[Callable[[], Any], Callable[[], Any]]]:
    """What TA-Lib has too: our call, and its own with the same numbers."""
    o, h, lo, c, v = of.open, of.high, of.low, of.close, of.volume
    bare = talib()
    return {
        "sma": (lambda: ta.sma(c, 20), lambda: bare.SMA(c, 20)),
        "ema": (lambda: ta.ema(c, 20), lambda: bare.EMA(c, 20)),
        "wma": (lambda: ta.wma(c, 20), lambda: bare.WMA(c, 20)),
        "hma": (lambda: ta.hma(c, 20), lambda: bare.HMA(c, 20)),
        "dema": (lambda: ta.dema(c, 20), lambda: bare.DEMA(c, 20)),
        "tema": (lambda: ta.tema(c, 20), lambda: bare.TEMA(c, 20)),
        "kama": (lambda: ta.kama(c, 10), lambda: bare.KAMA(c, 10)),
        "rsi": (lambda: ta.rsi(c, 14), lambda: bare.RSI(c, 14)),
        "macd": (lambda: ta.macd(c), lambda: bare.MACD(c)),
        "bollinger": (lambda: ta.bollinger(c), lambda: bare.BBANDS(c, 20)),
        "roc": (lambda: ta.roc(c, 10), lambda: bare.ROC(c, 10)),
        "trix": (lambda: ta.trix(c, 15), lambda: bare.TRIX(c, 15)),
        "linreg_slope": (lambda: ta.linreg_slope(c, 14), lambda: bare.LINEARREG_SLOPE(c, 14)),
        "atr": (lambda: ta.atr(h, lo, c), lambda: bare.ATR(h, lo, c)),
        "natr": (lambda: ta.natr(h, lo, c), lambda: bare.NATR(h, lo, c)),
        "cci": (lambda: ta.cci(h, lo, c, 20), lambda: bare.CCI(h, lo, c, 20)),
        "williams_r": (lambda: ta.williams_r(h, lo, c), lambda: bare.WILLR(h, lo, c)),
        "stochastic": (lambda: ta.stochastic(h, lo, c), lambda: bare.STOCH(h, lo, c, 14, 3, 0, 3, 0)),
        "ultimate_oscillator": (lambda: ta.ultimate_oscillator(h, lo, c), lambda: bare.ULTOSC(h, lo, c)),
        "keltner": (lambda: ta.keltner(h, lo, c), lambda: bare.KC(h, lo, c)),
        "donchian": (lambda: ta.donchian(h, lo), lambda: bare.DONCHIAN(h, lo)),
        "aroon": (lambda: ta.aroon(h, lo, 25), lambda: bare.AROON(h, lo, 25)),
        "parabolic_sar": (lambda: ta.parabolic_sar(h, lo), lambda: bare.SAR(h, lo)),
        "heikin_ashi": (lambda: ta.heikin_ashi(o, h, lo, c), lambda: bare.HA(o, h, lo, c)),
        "mfi": (lambda: ta.mfi(h, lo, c, v), lambda: bare.MFI(h, lo, c, v)),
        "obv": (lambda: ta.obv(c, v), lambda: bare.OBV(c, v)),
        "adl": (lambda: ta.adl(h, lo, c, v), lambda: bare.AD(h, lo, c, v)),
        "cmf": (lambda: ta.cmf(h, lo, c, v), lambda: bare.CMF(h, lo, c, v)),
    }


def ratios(of: Bars) -> dict[str, tuple[float, float]]:
    """CPU seconds of each, ours and bare: taken in turns, the least of each."""
    found = {}
    for name, (ours, bare) in pairs(of).items():
        turns = [(cpu_seconds(ours, rounds=1), cpu_seconds(bare, rounds=1)) for _ in range(ROUNDS)]
        found[name] = (min(turn[0] for turn in turns), min(turn[1] for turn in turns))
    return found


def peek_us() -> tuple[float, str]:
    """CPU µs of the value of an open bar, of the slowest indicator but the volume profile; and its name."""
    history = bars(HISTORY)
    last: dict[str, Any] = {
        name: float(getattr(history, name)[-1]) for name in ("open", "high", "low", "close", "volume")
    }
    bar = Candle(
        "bench:X", "1m", int(history.time[-1]) + 60, **last, closed=False, ts_exchange=0, ts_received=0
    )
    slowest = (0.0, "")
    for name in set(INDICATORS) - {"volume_profile"}:
        live = parse(name).live()
        live.take(history)
        cost = cpu_seconds(lambda live=live: [live.peek(bar) for _ in range(PEEKS)], rounds=3)  # type: ignore[misc]
        slowest = max(slowest, (cost / PEEKS * 1e6, name))
    return slowest


def main() -> list[Figure]:
    """The figures."""
    measured = ratios(bars(ROWS))
    ours, bare = (sum(each[side] for each in measured.values()) for side in (0, 1))
    added = {name: mine - plain for name, (mine, plain) in measured.items()}
    most = max(added, key=lambda name: added[name])
    peek, slowest = peek_us()
    return [
        Figure(
            "indicators over 1M rows, by TA-Lib bare",
            ours / bare,
            "×",
            MOST,
            note=f"all {len(measured)} of them",
        ),
        # Columns of bars are searched once, and none where a hole shows in the result.
        Figure("what the search for holes adds at most", added[most] * 1e3, "ms", SEARCH_MS, note=most),
        Figure("the open bar's value, slowest indicator", peek, "µs", PEEK_US, note=slowest),
    ]


if __name__ == "__main__":
    show(main())
