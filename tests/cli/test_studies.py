"""The verbs of research as a person runs them: searches, walks, draws, comparisons, proofs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.cli.ground import Cli, refused

HOURS = 1_500


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Hours of a market that goes up and down and is noisy."""
    path = tmp_path_factory.mktemp("binance") / "BTC_USDT_USDT-1h-futures.csv"
    noise = np.random.default_rng(3).normal(0, 0.003, HOURS)
    close = 100 * np.exp(0.2 * np.sin(np.arange(HOURS) / 40) + noise)
    opened = np.concatenate((close[:1], close[:-1]))
    time = 1_704_067_200 + 3600 * np.arange(HOURS)
    rows = zip(time, opened, np.maximum(opened, close), np.minimum(opened, close), close, strict=True)
    lines = [",".join([str(row[0]), *(f"{price:.6f}" for price in row[1:]), "1e9"]) for row in rows]
    path.write_text("\n".join(["date,open,high,low,close,volume", *lines]))
    return str(path)


def test_a_search_tells_the_best_and_how_far_to_believe_it(cli: Cli, file: str) -> None:
    asked = ("optimise", "ema-cross", "--file", file, "--space", "fast=5:15:5", "--space", "slow=20,40")
    told = cli.json(*asked)
    assert len(told["trials"]) == 6
    assert {trial["parameters"]["slow"] for trial in told["trials"]} == {20, 40}
    by_sharpe = max(told["trials"], key=lambda trial: trial["figures"]["sharpe"])
    assert told["best"]["parameters"] == by_sharpe["parameters"]
    assert 0 <= told["deflated_sharpe"] <= 1
    said = cli.done(*asked, "--top", "2")
    best = told["best"]["parameters"]
    assert f"The best is fast={best['fast']}, slow={best['slow']}." in said
    assert len(cli.json(*asked, "--objective", "sharpe", "--objective", "max_drawdown")["front"]) >= 1


def test_a_search_refuses_what_it_cannot_search(cli: Cli, file: str) -> None:
    asked = ("optimise", "ema-cross", "--file", file)
    refused(cli(*asked, "--space", "quick=1:2"), "no parameter 'quick' to search", code=2)
    refused(cli(*asked, "--space", "fast=a:b"), "Write fast=5:50:5", code=2)
    refused(cli(*asked, "--space", "fast=99,100"), "whole number from 5 to 50", code=2)
    refused(cli(*asked, "--method", "hope"), "hope", "grid", code=2)
    refused(cli(*asked, "--objective", "sharp"), "sharpe", code=2)
    few = (*asked, "--space", "fast=5,10", "--constraint", "trades >= 5000")
    refused(cli(*few), "Loosen the constraints", code=2)


def test_a_backtest_is_drawn_again_and_the_same_seed_says_the_same(cli: Cli, file: str) -> None:
    asked = ("monte-carlo", "ema-cross", "--file", file, "--runs", "200", "--seed", "4")
    told = cli.json(*asked)
    assert told == cli.json(*asked)
    assert (told["runs"], told["method"]) == (200, "reshuffle")
    low, *_, high = told["quantiles"]["max_drawdown"]
    assert low <= high <= 0
    assert told["verdict"] in cli.done(*asked)
    refused(cli(*asked, "--method", "dice"), "dice", code=2)


def test_a_strategy_is_put_under_stress(cli: Cli, file: str) -> None:
    told = cli.json("stress", "ema-cross", "--file", file)
    rows = {row["name"]: row for row in told["rows"]}
    assert rows["As it is"]["figures"]["trades"] >= 5
    assert rows["Black Thursday"]["figures"] is None
    base, fees = (rows[name]["figures"]["total_return"] for name in ("As it is", "Fees × 3"))
    assert fees < base
    said = cli.done("stress", "ema-cross", "--file", file)
    assert f"Worst: {told['worst']}." in said


def test_a_walk_chooses_and_judges_window_by_window(cli: Cli, file: str) -> None:
    asked = ("walk-forward", "ema-cross", "--file", file, "--train", "20d", "--test", "10d")
    told = cli.json(*asked, "--space", "fast=5,10", "--space", "slow=20,30")
    assert len(told["windows"]) == 4
    assert {window["parameters"]["slow"] for window in told["windows"]} <= {20, 30}
    said = cli.done(*asked, "--space", "fast=5,10", "--space", "slow=20,30")
    assert "Out of sample, stitched:" in said
    refused(cli(*asked[:-1], "900d"), code=2)


def test_a_cross_validation_makes_paths_of_one_history(cli: Cli, file: str) -> None:
    asked = ("cross-validate", "ema-cross", "--file", file, "--space", "fast=5,10", "--space", "slow=20,30")
    told = cli.json(*asked)
    assert (told["sets"], told["splits"], told["paths"]) == (4, 15, 5)
    fewer = cli.json(*asked, "--groups", "4", "--test-groups", "1", "--purge", "10", "--embargo", "0")
    assert (fewer["splits"], fewer["paths"]) == (4, 1)
    said = cli.done(*asked)
    assert said.rstrip().endswith(told["verdict"])
    chosen = ", ".join(f"{name}={value}" for name, value in told["best"].items())
    assert f"Over the whole time {chosen} is best" in said
    refused(cli(*asked, "--constraint", "trades >= 30"), "known after a run only", code=2)


def test_strategies_are_ranked_on_the_same_bars(cli: Cli, file: str) -> None:
    asked = ("compare", "ema-cross,fast=5", "rsi-reversion", "ema-cross,fast=20", "--file", file)
    told = cli.json(*asked, "--runs", "100")
    assert [place["rank"] for place in told["ranking"]] == [1, 2, 3]
    assert len(told["pairs"]) == 3
    assert told["verdict"] in cli.done(*asked, "--runs", "100")
    refused(cli("compare", "ema-cross", "--file", file), "give two at least", code=2)
    refused(cli("compare", "ema-cross,fast=1", "ema-cross", "--file", file), "from 5 to 50", code=2)


def test_a_strategy_that_knows_the_future_is_found_out(cli: Cli, file: str, tmp_path: Path) -> None:
    said = cli.done("lookahead", "ema-cross", "--file", file)
    assert said.startswith("EmaCross does not look ahead: ")
    path = tmp_path / "seer.py"
    path.write_text(
        "import candlewick as cw\nimport numpy as np\n\n\nclass Seer(cw.Strategy):\n"
        "    def signals(self, bars, ind):\n"
        "        ahead = np.append(bars.close[1:], bars.close[-1])\n"
        "        return cw.Signals(enter_long=ahead > bars.close, exit_long=ahead < bars.close)\n"
    )
    ended = cli("lookahead", str(path), "--file", file)
    assert ended.returncode == 1
    assert "Seer looks ahead: do not believe its backtest" in ended.stdout


def test_readiness_tells_each_reason_and_ends_as_it_was_asked_to(cli: Cli, file: str) -> None:
    asked = (
        "readiness",
        "ema-cross",
        "--file",
        file,
        "--train",
        "20d",
        "--test",
        "10d",
        "--space",
        "fast=5,10",
    )
    told = cli.json(*asked)
    assert told["ready_for"] == "nothing"
    assert len(told["checks"]) > 8
    ended = cli(*asked, "--need", "paper")
    assert ended.returncode == 1
    assert ended.stdout.rstrip().endswith(told["verdict"])
    for reason in told["reasons"]:
        assert reason in ended.stdout
    refused(cli(*asked, "--paper", "Nobody"), "There is no account 'Nobody'", code=2)
