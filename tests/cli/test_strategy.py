"""`candlewick strategy list|show|new` as a person runs them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from candlewick.research.loading import BUNDLED
from tests.cli.ground import ROOT, Cli, refused


def pytest_passes(folder: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "-c", "/dev/null", str(folder)]
    ended = subprocess.run(
        command, cwd=ROOT, capture_output=True, encoding="utf-8", timeout=240, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout
    assert "2 passed" in ended.stdout


def test_it_lists_the_bundled_strategies_and_ones_own_and_tells_of_broken_files(cli: Cli) -> None:
    cli.done("strategy", "new", "MyIdea")
    (cli.data_dir / "strategies" / "wrong.py").write_text("x = 1\nimport nowhere_at_all\n")
    ended = cli("strategy", "list")
    assert ended.returncode == 0
    assert "MyIdea" in ended.stdout
    assert "EmaCross bundled fast=12, slow=26, shorts=False Long while" in " ".join(ended.stdout.split())
    assert "wrong.py:2: ModuleNotFoundError: No module named 'nowhere_at_all'." in ended.stderr
    told = cli.json("strategy", "list")
    assert [each["name"] for each in told["strategies"]] == [*BUNDLED, "MyIdea"]
    assert told["broken"][0]["line"] == 2


def test_it_lists_each_strategy_by_the_name_that_means_it(cli: Cli) -> None:
    cli.done("strategy", "new", "Mine", "--like", "EmaCross")
    path = cli.data_dir / "strategies" / "mine.py"
    path.write_text(path.read_text().replace("class Mine", "class EmaCross"))
    names = [line.split()[0] for line in cli.done("strategy", "list").splitlines() if line.strip()]
    for name in ("EmaCross", "candlewick.bundled.ema_cross:EmaCross"):
        assert name in names
        assert cli.json("strategy", "show", name)["bundled"] == (name != "EmaCross")


def test_it_shows_a_strategy(cli: Cli) -> None:
    said = cli.done("strategy", "show", "rsi-reversion")
    assert "When it loses: " in said
    assert "oversold 30.0 a number from 10 to 45" in " ".join(said.split())
    assert cli.json("strategy", "show", "RsiReversion")["parameters"][0]["default"] == 14
    assert cli.done("strategy", "show", "RsiReversion", "--source").startswith('"""Buys dips')
    refused(cli("strategy", "show", "RsiRevers"), "Did you mean RsiReversion", code=2)


@pytest.mark.parametrize("like", [None, "donchian-trend", "FundingCarry"])
def test_what_it_begins_runs_and_its_test_passes(cli: Cli, like: str | None) -> None:
    said = cli.done("strategy", "new", "my-own-idea", *(["--like", like] if like else []))
    folder = cli.data_dir / "strategies"
    assert f"{folder}/my_own_idea.py\n{folder}/test_my_own_idea.py\n" in said
    assert cli.json("strategy", "show", "MyOwnIdea")["name"] == "MyOwnIdea"
    pytest_passes(folder)


def test_it_overwrites_nothing_and_refuses_what_is_no_name(cli: Cli) -> None:
    cli.done("strategy", "new", "Mine")
    path = cli.data_dir / "strategies" / "mine.py"
    path.write_text("# changed")
    refused(cli("strategy", "new", "Mine"), f"{path} exists", code=2)
    assert path.read_text() == "# changed"
    for name in ("1st", "../mine", "class", "None", "true", "Strategy", "param", ""):
        refused(cli("strategy", "new", name), "no name for a strategy", code=2)
    refused(cli("strategy", "new", "ema-cross"), "comes with Candlewick", code=2)
