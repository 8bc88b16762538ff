"""Random markets, strategies and accounts, on which ways to drive a backtest are held against each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

import candlewick as cw
from candlewick.backtest.market import FundingRates, Market
from candlewick.core.instrument import Instrument
from candlewick.core.interval import seconds
from candlewick.market.bars import Bars
from candlewick.trading.strategy.signals import Signals
from candlewick.trading.strategy.sizing import Fraction, Kelly, Notional, Quantity, Risk, Sizing
from candlewick.trading.strategy.strategy import Strategy

START = 1_700_000_040
STEPS = (("0", "0"), ("0.1", "0.001"), ("0.01", "0.1"), ("0.5", "1"))
"""Ticks and lots; 0: none."""


def walk(
    seed: int, bars: int, *, symbol: str, tick: float, missing: float = 0.0, timeframe: str = "1m"
) -> Bars:
    """Minutes of a random market that gaps now and then; a part of them is missing."""
    rng = np.random.default_rng(seed)
    spread = rng.choice([0.002, 0.01, 0.03])
    close = 100 * np.exp(np.cumsum(rng.normal(0, spread, bars)))
    opened = np.r_[100.0, close[:-1]] * np.exp(
        np.where(rng.random(bars) < 0.1, rng.normal(0, 0.03, bars), 0.0)
    )
    high = np.maximum(opened, close) * (1 + np.abs(rng.normal(0, spread, bars)))
    low = np.minimum(opened, close) * (1 - np.abs(rng.normal(0, spread, bars)))
    if tick:
        digits = len(f"{Decimal(str(tick)):f}".partition(".")[2])
        opened, high, low, close = (
            np.maximum(np.round(np.round(column / tick) * tick, digits), tick)
            for column in (opened, high, low, close)
        )
    kept = rng.random(bars) >= missing
    kept[0] = True
    step = seconds(timeframe)
    time = START // step * step + step * np.arange(bars)
    return Bars.from_arrays(
        symbol=symbol, timeframe=timeframe, time=time[kept], open=opened[kept], high=high[kept],
        low=low[kept], close=close[kept], volume=np.full(int(kept.sum()), 1e9),
    )  # fmt: skip


def marked(seed: int, bars: Bars) -> Bars:
    """The mark beside a market: near its prices, on no tick, and unknown here and there."""
    rng = np.random.default_rng(seed)
    apart = float(rng.choice([0.0005, 0.01, 0.04]))

    def near(column: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.round(column * np.exp(rng.normal(0, apart, len(bars))), 7)

    opened, close = near(bars.open), near(bars.close)
    high = np.maximum(np.maximum(opened, close), near(bars.high))
    low = np.minimum(np.minimum(opened, close), near(bars.low))
    kept = rng.random(len(bars)) < 0.95
    kept[0] = True
    return Bars.from_arrays(
        symbol=bars.symbol, timeframe=bars.timeframe, time=bars.time[kept], open=opened[kept],
        high=high[kept], low=low[kept], close=close[kept], volume=np.zeros(int(kept.sum())),
    )  # fmt: skip


def perpetual(symbol: str, tick: str, lot: str) -> Instrument:
    return Instrument(
        id=f"x:{symbol}", venue="x", symbol=symbol, native=symbol, kind="perp", base=symbol,
        quote="USDT", settle="USDT", tick=Decimal(tick), lot=Decimal(lot), min_notional=Decimal(5),
    )  # fmt: skip


class Scripted(Strategy):
    """Random signals: the same for the same seed, whichever way it is driven."""

    def __init__(self, seed: int, columns: dict[str, Any], **attributes: Any) -> None:
        super().__init__()
        self.seed, self.columns = seed, columns
        for name, value in attributes.items():
            setattr(self, name, value)

    def signals(self, bars: Bars, ind: Any) -> Signals:
        rng = np.random.default_rng([self.seed, len(bars), ord(bars.symbol[0])])
        n, often = len(bars), self.columns["often"]

        def wish(part: float) -> NDArray[np.bool_]:
            return rng.random(n) < part

        def rate(value: float | None, varied: bool) -> Any:
            if value is None or not varied:
                return value
            return np.where(rng.random(n) < 0.3, np.nan, np.round(value * (0.5 + rng.random(n)), 5))

        spot = bars.symbol.startswith("S")
        return Signals(
            enter_long=wish(often), exit_long=wish(often / 2),
            enter_short=None if spot else wish(often), exit_short=wish(often / 2),
            stop_loss=rate(self.columns["stop_loss"], self.columns["varied"]),
            take_profit=rate(self.columns["take_profit"], self.columns["varied"]),
            trailing_stop=rate(self.columns["trailing_stop"], self.columns["varied"]),
            size=rng.choice([0.25, 0.5, 1.0], n) if self.columns["varied"] else None,
        )  # fmt: skip


@dataclass(frozen=True)
class Case:
    strategy: Scripted
    markets: list[Market]
    account: dict[str, Any]


@st.composite
def cases(
    draw: st.DrawFn,
    steps: Sequence[tuple[str, str]] = STEPS,
    leverages: Sequence[float] = (1.0, 3.0, 20.0),
) -> Case:
    """One to three markets, a strategy with any of the exits, sizes and protections, and an account."""
    seed = draw(st.integers(0, 2**32 - 1))
    bars = draw(st.integers(30, 120))
    markets = []
    for number in range(draw(st.integers(1, 3))):
        tick, lot = draw(st.sampled_from(steps))
        symbol = "ABC"[number]
        missing = draw(st.sampled_from([0.0, 0.2])) if number else 0.0
        prices = walk(seed + number, bars, symbol=symbol, tick=float(tick), missing=missing)
        funding = None
        if draw(st.booleans()):
            rng = np.random.default_rng(seed + 7)
            times = START + np.unique(rng.integers(0, 60 * bars, bars // 8 + 1)) // 30 * 30
            times = np.unique(times)
            mark = np.where(rng.random(len(times)) < 0.5, np.nan, 100.0) if draw(st.booleans()) else None
            funding = FundingRates(times, np.round(rng.normal(0, 0.001, len(times)), 8), mark)
        instrument = None if tick == "0" else perpetual(symbol, tick, lot)
        marks = marked(seed + 13 + number, prices) if draw(st.booleans()) else None
        markets.append(Market(prices, instrument, funding, mark=marks))
    rate = st.none() | st.sampled_from([0.004, 0.02, 0.06])
    columns = {
        "often": draw(st.sampled_from([0.05, 0.3])),
        "varied": draw(st.booleans()),
        "stop_loss": draw(rate),
        "take_profit": draw(rate),
        "trailing_stop": draw(rate),
    }
    sizings: list[Sizing] = [
        Fraction(1.0),
        Fraction(0.3),
        Quantity(2.0),
        Notional(3_000.0),
        Kelly(0.5, least=3),
    ]
    if columns["stop_loss"] is not None:
        sizings.append(Risk(0.02))
    protections = [
        *([cw.Cooldown(draw(st.integers(1, 9)))] if draw(st.booleans()) else []),
        *([cw.DrawdownPause(0.03, draw(st.integers(1, 20)))] if draw(st.booleans()) else []),
    ]
    strategy = Scripted(
        seed,
        columns,
        sizing=draw(st.sampled_from(sizings)),
        time_exit=draw(st.none() | st.integers(1, 20)),
        break_even=draw(st.none() | st.sampled_from([0.002, 0.02])),
        partial_exits=draw(st.sampled_from([(), ((0.005, 0.5),), ((0.01, 0.3), (0.03, 0.5), (0.05, 0.9))])),
        protections=tuple(protections),
    )
    account = {
        "cash": draw(st.sampled_from([1_000.0, 10_000.0])),
        "leverage": draw(st.sampled_from(leverages)),
        "slippage_bps": draw(st.sampled_from([0.0, 3.0])),
        "fee_taker": draw(st.sampled_from([0.0, 0.0005])),
    }
    return Case(strategy, markets, account)


@st.composite
def replayable(draw: st.DrawFn) -> Case:
    """A case that the heart can trade too: with ticks and lots, and leverage that the tiers allow."""
    return draw(cases(steps=[("0.1", "0.001"), ("0.01", "0.1"), ("0.5", "0.01")], leverages=[1.0, 3.0, 10.0]))
