"""`candlewick backtest` as a person runs it: on files and on the lake, for people and for programs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.cli.ground import Cli, refused

HOURS = 2_000


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Hours of a perpetual that rises and falls."""
    path = tmp_path_factory.mktemp("binance") / "BTC_USDT_USDT-1h-futures.csv"
    close = 100 * np.exp(0.2 * np.sin(np.arange(HOURS) / 60))
    opened = np.concatenate((close[:1], close[:-1]))
    time = 1_704_067_200 + 3600 * np.arange(HOURS)
    rows = zip(time, opened, np.maximum(opened, close), np.minimum(opened, close), close, strict=True)
    lines = [",".join([str(row[0]), *(f"{price:.6f}" for price in row[1:]), "1e9"]) for row in rows]
    path.write_text("\n".join(["date,open,high,low,close,volume", *lines]))
    return path


def test_it_prints_the_key_figures_and_the_warnings(cli: Cli, file: Path) -> None:
    said = cli.done("backtest", "ema-cross", "--file", str(file), "--param", "fast=8", "--slippage-bps", "1")
    assert said.startswith("EmaCross(fast=8, slow=26, shorts=False) on BTCUSDT-PERP\n2,000 bars of 1h, ")
    assert "Sharpe" in said
    assert "! 5 closed trades say little" in said
    assert len(cli.done("backtest", "ema-cross", "--file", str(file), "--all").splitlines()) > 50


def test_it_prints_one_document_with_metrics_trades_and_equity(cli: Cli, file: Path) -> None:
    told = cli.json("backtest", "EmaCross", "--file", str(file), "--cash", "500", "--timerange", "20240110-")
    assert told["account"]["cash"] == 500
    assert told["metrics"]["trades"] == len([each for each in told["trades"] if each["exit_time"]])
    assert told["metrics"]["deflated_sharpe"] is None
    assert told["equity"][-1]["value"] == told["final_equity"]
    assert len(told["equity"]) == 1_000
    whole = cli.json("backtest", "EmaCross", "--file", str(file), "--whole")
    assert len(whole["equity"]) == HOURS


TALKS = """
import os
from candlewick import Param, Strategy
print("loaded")
class Talks(Strategy):
    size = Param(1, low=1, high=3)
    def on_bar(self, ctx):
        print("a bar")
        os.write(1, b"straight to the descriptor")
        if ctx.position == 0:
            ctx.buy(self.size)
        else:
            ctx.sell(abs(ctx.position))
"""


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("backtest", "Talks"), id="in this process"),
        pytest.param(("optimise", "Talks", "--processes", "2"), id="in others"),
    ],
)
def test_what_a_strategy_prints_is_no_part_of_the_document(
    cli: Cli, file: Path, arguments: tuple[str, ...]
) -> None:
    folder = cli.data_dir / "strategies"
    folder.mkdir(parents=True)
    (folder / "talks.py").write_text(TALKS)
    ended = cli(*arguments, "--file", str(file), "--timerange=-20240110", "--json")
    assert ended.returncode == 0, ended.stderr
    assert isinstance(json.loads(ended.stdout), dict)
    for each in ("loaded", "a bar", "straight to the descriptor"):
        assert each in ended.stderr
    assert json.loads(cli("strategy", "show", "Talks", "--json").stdout)["name"] == "Talks"
    assert "a bar" in cli.done("backtest", "Talks", "--file", str(file), "--timerange=-20240110")


def test_it_runs_several_markets_of_the_lake_on_one_account(cli: Cli, file: Path) -> None:
    for symbol in ("BTCUSDT-PERP", "ETHUSDT-PERP"):
        cli.done("data", "import", str(file), "--venue", "binance", "--symbol", symbol)
    told = cli.json(
        "backtest", "donchian-trend", "--symbol", "BTCUSDT-PERP", "--symbol", "ETH/USDT:USDT",
        "--timeframe", "4h", "--param", "entry=50", "--param", "exit=20",
    )  # fmt: skip
    assert told["markets"] == ["binance:BTCUSDT-PERP", "binance:ETHUSDT-PERP"]
    assert told["timeframe"] == "4h"
    assert {trade["symbol"] for trade in told["trades"]} == set(told["markets"])


def test_margin_is_judged_by_the_mark_of_a_file(cli: Cli, file: Path) -> None:
    """A mark far above ends no long position, whatever is traded."""
    high = file.with_name("BTC_USDT_USDT-1h-mark.csv")
    rows = [line.split(",") for line in file.read_text().splitlines()]
    high.write_text("\n".join(",".join([row[0], *["1000"] * 4, "0"]) if n else ",".join(row)
                              for n, row in enumerate(rows)))  # fmt: skip
    asked = ("backtest", "ema-cross", "--file", str(file), "--leverage", "20")
    ends = [
        {trade["reason"] for trade in cli.json(*asked, *mark)["trades"]}
        for mark in ((), ("--mark", str(high)))
    ]
    assert "liquidation" in ends[0]
    assert "liquidation" not in ends[1]


def test_it_runs_ones_own_strategy_and_writes_the_tear_sheet(cli: Cli, file: Path, tmp_path: Path) -> None:
    cli.done("strategy", "new", "MyIdea")
    sheet = tmp_path / "sheet.html"
    said = cli.done("backtest", "MyIdea", "--file", str(file), "--html", str(sheet))
    assert f"The tear sheet is {sheet}" in said
    assert "MyIdea" in sheet.read_text()


def test_it_refuses_what_makes_no_sense_with_a_sentence(cli: Cli, file: Path) -> None:
    at = ("--file", str(file))
    refused(cli("backtest", "ema-cross"), "Say on which market: --symbol BTCUSDT", code=2)
    refused(cli("backtest", "ema-cross", "--symbol", "BTCUSDT"), "Say which bars: --timeframe 1h", code=2)
    refused(cli("backtest", "ema-cross", "--symbol", "BTCUSDT", "--timeframe", "1h"), "lake is empty", code=2)
    refused(cli("backtest", "emma", *at), "There is no strategy 'emma'", "EmaCross", code=2)
    refused(cli("backtest", "ema-cross", *at, "--param", "fast"), "name=value", code=2)
    refused(cli("backtest", "ema-cross", *at, "--param", "fast=500"), "whole number from 5 to 50", code=2)
    refused(cli("backtest", "ema-cross", *at, "--param", "quick=5"), "no parameter 'quick'", code=2)
    refused(cli("backtest", "ema-cross", *at, "--cash", "-1"), "cash is -1", code=2)
    refused(cli("backtest", "ema-cross", *at, "--timerange", "2024"), "is no time range", code=2)
    refused(cli("backtest", "ema-cross", *at, "--symbol", "A", "--symbol", "B"), "give one for each", code=2)
    refused(cli("backtest", "ema-cross", *at, "--html", "/nowhere/at/all.html"), "/nowhere/at/all.html")


def test_a_strategy_that_raises_is_told_with_its_line(cli: Cli, file: Path, tmp_path: Path) -> None:
    path = tmp_path / "raises.py"
    path.write_text(
        "import candlewick as cw\n\n\nclass Raises(cw.Strategy):\n"
        "    def signals(self, bars, ind):\n        return cw.Signals(enter_long=ind['none'])\n"
    )
    refused(cli("backtest", str(path), "--file", str(file)), "raises.py", "line 6", "KeyError")
    path.write_text("import candlewick as cw\n\nx = 1 / 0\n")
    refused(cli("backtest", str(path), "--file", str(file)), "raises.py, line 3: ZeroDivisionError")
