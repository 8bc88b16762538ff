"""`candlewick bench`: every figure is measured here and now, and nothing is left behind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from candlewick.cli import root
from candlewick.cli.measuring import heart, orders, strategies

pytestmark = pytest.mark.timeout(600)  # the core may have to be compiled first


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strategies, "MINUTES", 5_000)
    monkeypatch.setattr(heart, "TICKS", 200)
    monkeypatch.setattr(orders, "ONE_BY_ONE", 5)
    monkeypatch.setattr(orders, "AT_ONCE", 20)


def said(*arguments: str) -> str:
    ended = CliRunner().invoke(root, ["bench", *arguments])
    assert ended.exit_code == 0, ended.output
    return ended.stdout


def test_each_figure_stands_beside_its_limit_and_the_folder_is_left_as_it_was(tmp_path: Path) -> None:
    figures = json.loads(said("--json", "--data-dir", str(tmp_path)))["figures"]
    assert [each["unit"] for each in figures] == ["ms", "bars/s", "µs", "/s", "/s"]
    for each in figures:
        used, allowed = each["measured"], each["limit"]
        assert each["ratio"] == (allowed / used if each["at_least"] else used / allowed)
        assert each["holds"] == (each["ratio"] <= 1)
    assert not list(tmp_path.iterdir())


def test_people_read_a_table(tmp_path: Path) -> None:
    lines = said("--data-dir", str(tmp_path)).splitlines()
    assert lines[0].split() == ["measured", "limit", "ratio"]
    assert [line.partition("  ")[0] for line in lines[1:]] == [
        "backtest of 1,000,000 bars, averages that cross",
        "the same bar by bar in Python",
        "heart: a tick that marks 20 positions",
        "orders to disk, one by one",
        "orders to disk, many at once",
    ]


def test_both_ways_trade_the_same() -> None:
    from candlewick.backtest.run import backtest

    bars = strategies.minutes(1, 3_000, "X")
    by_signals = backtest(strategies.Cross(), bars)
    by_bar = backtest(strategies.EveryBar(strategies.Cross().indicators(bars)), bars)
    assert len(by_signals.trades) > 10
    assert [each.entry_bar for each in by_bar.trades] == [each.entry_bar for each in by_signals.trades]
