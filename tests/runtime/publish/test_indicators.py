"""Indicators of the open bar, on the channel: every one of the catalogue, as over the column."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from candlewick.core.events import TradesKnown
from candlewick.market.bars import COLUMNS, Bars
from candlewick.market.indicators.catalogue import INDICATORS, parse
from candlewick.runtime.publish.indicators import IndicatorSource
from tests.market.indicators.ground import walk
from tests.runtime.ground import BTC, MINUTE, Ground, bar, ground, trade

MINUTES = 3_000


def history(n: int = MINUTES) -> Bars:
    """Closed minutes up to the one that is open, around the price of the trades."""
    return walk(n, seed=3, step=60, start=MINUTE - 60 * n, volatility=0.001)


def with_open_bar(bars: Bars, close: float, quantity: float) -> Bars:
    last = {"open": close, "high": close, "low": close, "close": close, "volume": quantity}
    return Bars.from_arrays(
        symbol=bars.symbol,
        timeframe="1m",
        time=np.append(bars.time, bars.time[-1] + 60),
        **{name: np.append(getattr(bars, name), last[name]) for name in COLUMNS},
    )


def channel_of(name: str) -> str:
    return f"indicators:BTCUSDT:1m:{parse(name).key.replace(':', '-')}"


def begin(g: Ground, *names: str) -> dict[str, IndicatorSource]:
    g.live.take(trade(1, 101.5, 1.0, 2.0))
    g.live.take(TradesKnown(BTC, MINUTE, 0))
    g.market.demand([channel_of(name) for name in names])
    g.market.flush()
    return {source.study.indicator.name: source for source in g.warmed}


async def test_every_indicator_of_the_catalogue_is_live(tmp_path: Path) -> None:
    closed = history()
    async with ground(tmp_path) as g:
        sources = begin(g, *INDICATORS)
        assert set(sources) == set(INDICATORS)
        whole = with_open_bar(closed, 101.5, 2.0)
        for name, source in sources.items():
            source.take_history(closed)
            g.market.refresh(source)
            expected = {line: column[-1] for line, column in parse(name).compute(whole).items()}
            told = g.bodies(channel_of(name))[-1]["data"]
            assert told["time"] == MINUTE
            values = told["values"] if len(expected) > 1 else {next(iter(expected)): told["value"]}
            assert values == {line: pytest.approx(value, rel=1e-12) for line, value in expected.items()}


async def test_several_lines_come_by_name_and_follow_what_closes(tmp_path: Path) -> None:
    async with ground(tmp_path) as g:
        source = begin(g, "macd")["macd"]
        source.take_history(history())
        g.live.take(trade(2, 104.0, 61.0))
        lines = parse("macd").compute(with_open_bar(with_open_bar(history(), 101.5, 2.0), 104.0, 1.0))
        told = g.bodies(channel_of("macd"))[-1]["data"]
        assert told == {
            "time": MINUTE + 60,
            "values": {name: pytest.approx(column[-1], rel=1e-12) for name, column in lines.items()},
        }


async def test_what_is_not_known_yet_is_null_and_nothing_known_is_not_told(tmp_path: Path) -> None:
    async with ground(tmp_path) as g:
        sources = begin(g, "ichimoku", "rsi")
        for source in sources.values():
            source.take_history(history(10))
            g.market.refresh(source)
        told = g.bodies(channel_of("ichimoku"))[-1]["data"]["values"]
        assert told["leading_b"] is None
        assert told["lagging"] == 101.5
        assert g.bodies(channel_of("rsi")) == []


async def test_a_level_that_depends_on_its_beginning_carries_the_one_before(tmp_path: Path) -> None:
    async with ground(tmp_path) as g:
        source = begin(g, "obv")["obv"]
        source.take_history(history())
        g.market.refresh(source)
        level = float(parse("obv").compute(history())["obv"][-1])
        close = history().close[-1]
        sign = 1 if close < 101.5 else -1
        told = g.bodies(channel_of("obv"))[-1]["data"]
        assert told == {
            "time": MINUTE,
            "value": pytest.approx(level + sign * 2.0),
            "before": pytest.approx(level),
        }
        g.live.take(trade(2, 104.0, 61.0, 3.0))
        told = g.bodies(channel_of("obv"))[-1]["data"]
        assert told["before"] == pytest.approx(level + sign * 2.0)
        assert told["value"] == pytest.approx(told["before"] + 3.0)


async def test_an_unknown_volume_gives_no_value_and_harms_nothing(tmp_path: Path) -> None:
    whole = history()
    closed = replace(whole, volume=np.where(np.arange(len(whole)) == 700, np.nan, whole.volume))
    async with ground(tmp_path) as g:
        sources = begin(g, "mfi", "ema")
        for source in sources.values():
            source.take_history(closed)
            g.market.refresh(source)
        assert g.bodies(channel_of("mfi")) == []
        assert g.bodies(channel_of("ema"))[-1]["data"]["value"] is not None
        sources["mfi"].take_history(history())
        sources["mfi"].take_closed(msgspec.structs.replace(bar(MINUTE, 101.5), volume=float("nan")))
        g.market.refresh(sources["mfi"])
        assert g.bodies(channel_of("mfi")) == []
