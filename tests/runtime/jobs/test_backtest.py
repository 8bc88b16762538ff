"""A backtest as a study: the source that was kept, the bars of the lake, and what is found in its folder."""

from __future__ import annotations

import json
from typing import Any, Final

import numpy as np
import pytest

from candlewick.backtest.report.fingerprints import of_data
from candlewick.backtest.run import backtest
from candlewick.core.clock import NS_PER_S
from candlewick.core.events import Candle, Funding
from candlewick.runtime.jobs import desk, sources
from candlewick.runtime.jobs.folders import folder_of
from candlewick.runtime.jobs.kinds import request, results
from candlewick.store.lake import Lake
from candlewick.store.lake.reading import market_of
from candlewick.store.models import Job, User
from candlewick.web.boot import settings_in_force
from tests.runtime.jobs.ground import reach, worker

pytestmark = pytest.mark.timeout(600)  # the core may have to be compiled first

SOURCE: Final = """
import candlewick as cw
from candlewick import Param, Strategy, ta


class Cross(Strategy):
    \"\"\"Long while the fast mean is above the slow one.\"\"\"

    fast = Param(3, low=2, high=50)
    slow = Param(8, low=3, high=200)

    def indicators(self, bars):
        return {"fast": ta.sma(bars.close, self.fast), "slow": ta.sma(bars.close, self.slow)}

    def signals(self, bars, ind):
        return cw.Signals(
            enter_long=cw.crossed_above(ind["fast"], ind["slow"]),
            exit_long=cw.crossed_below(ind["fast"], ind["slow"]),
        )


class Broken(Cross):
    def signals(self, bars, ind):
        return ind["fast"] + "text"
"""
START: Final = 1_704_067_200  # 2024-01-01
HOURS: Final = 24 * 40
SYMBOL: Final = "sim:STUDYUSDT-PERP"


@pytest.fixture(scope="module", autouse=True)
def _bars() -> None:
    """Forty days of hours, the last of them open still, with funding."""
    rng = np.random.default_rng(7)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, HOURS)))
    with Lake(settings_in_force().data_dir / "lake") as lake:
        lake.put_candles(_candle(at, close) for at in range(HOURS))
        lake.put_funding(
            Funding(SYMBOL, 0.0001, None, (START + at * 3600) * NS_PER_S, (START + at * 3600) * NS_PER_S)
            for at in range(0, HOURS, 8)
        )


def _candle(at: int, close: Any) -> Candle:
    time = START + at * 3600
    opened, closed = float(close[max(at - 1, 0)]), float(close[at])
    ns = (time + 3600) * NS_PER_S
    return Candle(
        SYMBOL,
        "1h",
        time,
        opened,
        max(opened, closed),
        min(opened, closed),
        closed,
        5.0,
        at < HOURS - 1,
        ns,
        ns,
    )


def asked(**changes: Any) -> dict[str, Any]:
    return {"strategy": "Cross", "symbols": [SYMBOL], "timeframe": "1h"} | changes


def study(owner: User, source: str = SOURCE, **changes: Any) -> Job:
    job = desk.submit(owner.pk, "backtest", asked(**changes), source=source)
    with worker():
        return reach(job.pk, "done", "failed")


def test_a_backtest_finds_what_the_same_call_finds_in_python(ann: User, tmp_path: Any) -> None:
    done = study(ann, parameters={"fast": 4}, fee_taker=0.001, slippage_bps=2)
    assert done.state == "done", done.error
    folder = folder_of(settings_in_force().data_dir, done.pk)
    kind = sources.strategy("Cross", sources.keep(tmp_path, SOURCE))
    with Lake(settings_in_force().data_dir / "lake") as lake:
        market = market_of(lake, SYMBOL, "1h")
    assert len(market.bars) == HOURS - 1, "without the bar that is open still"
    expected = backtest(kind(fast=4), market, fee_taker=0.001, slippage_bps=2)
    told = json.loads((folder / done.result_path).read_text())
    assert len(expected.trades) > 10
    assert told["metrics"] == json.loads(json.dumps(dict(expected.metrics)))
    assert told["trade_count"] == len(expected.trades)
    assert told["trades"][0]["pnl"] == expected.trades[0].pnl
    assert told["metrics"]["funding"] != 0
    assert told["parameters"] == {"fast": 4, "slow": 8}
    np.testing.assert_array_equal(np.load(folder / "equity.npy"), expected.equity)
    fills = np.load(folder / "fills.npy")
    for name in expected.fills.dtype.names or ():
        np.testing.assert_array_equal(fills[name], expected.fills[name])
    np.testing.assert_array_equal(np.load(folder / "time.npy"), market.bars.time)
    assert done.summary is not None
    assert done.summary["sharpe"] == expected.metrics["sharpe"]
    assert done.data_fingerprint == of_data([market])
    assert (folder / "strategy.py").read_text() == SOURCE


def test_an_error_of_the_strategy_is_told_with_its_own_line(ann: User) -> None:
    failed = study(ann, strategy="Broken")
    line = next(number for number, text in enumerate(SOURCE.splitlines(), 1) if '"text"' in text)
    assert f"(strategy.py, line {line}" in failed.error


def test_an_error_of_the_file_is_told_with_its_line(ann: User) -> None:
    failed = study(ann, source="import math\nmath.sqrt(-1)\n")
    assert failed.error.startswith("The study failed: ValueError: math domain error (strategy.py, line 2).")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"strategy": "Crss"}, "There is no strategy 'Crss' in the file. It has: Cross, Broken."),
        ({"parameters": {"fast": 1}}, "fast of Cross is 1: give a whole number from 2 to 50."),
        ({"timerange": "20250101-"}, "its candles reach from 2024-01-01 00:00 to"),
        ({"timeframe": "5m"}, "is kept as 1h, which cannot become bars of 5m"),
        ({"symbols": ["sim:NOPE"]}, "The lake has nothing of sim:NOPE."),
        ({"timerange": "2024"}, "'2024' is no time range. Write it as 20240101-20240601"),
        ({"cash": "much"}, "The study's request cannot be read: Expected `float`, got `str` - at `$.cash`."),
        ({"colour": "red"}, "Object contains unknown field `colour`"),
        ({"cash": -1}, "cash is -1.0: give an amount above zero."),
    ],
)
def test_what_cannot_be_is_a_sentence(ann: User, changes: dict[str, Any], words: str) -> None:
    failed = study(ann, **changes)
    assert (failed.state, failed.attempts) == ("failed", 1)
    assert words in failed.error


def test_a_syntax_error_is_told_with_its_line(ann: User) -> None:
    assert (
        study(ann, source="x = 1\ndef y(:\n").error
        == "The strategy has a syntax error in line 2: invalid syntax."
    )


def test_a_strategys_class_travels_to_the_processes_of_its_study(ann: User) -> None:
    job = desk.submit(ann.pk, "load_back", asked(), source=SOURCE)
    with worker():
        done = reach(job.pk, "done", "failed")
    assert done.summary == {"values": {"fast": 5, "slow": 8}}, done.error


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("", (None, None)),
        ("-", (None, None)),
        ("20240101-", (START, None)),
        ("-20240102", (None, START + 86_400)),
        ("20240101-20240102", (START, START + 86_400)),
    ],
)
def test_a_range_of_days_is_read(text: str, span: tuple[int | None, int | None]) -> None:
    assert request.span_of(text) == span


def test_a_result_is_replaced_whole(tmp_path: Any) -> None:
    results._write(tmp_path / "result.json", lambda file: file.write(b"first"))
    results._write(tmp_path / "result.json", lambda file: file.write(b"second"))
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]
    assert (tmp_path / "result.json").read_bytes() == b"second"
