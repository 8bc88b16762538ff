"""Studies of runs, in workers of their own: what they find is what the same call finds in Python."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import numpy as np
import psutil
import pytest

from candlewick.backtest.market import Market
from candlewick.backtest.run import backtest
from candlewick.core.clock import NS_PER_S
from candlewick.core.events import Candle
from candlewick.research.comparing import compare
from candlewick.research.cross_validation import cross_validate
from candlewick.research.monte_carlo import monte_carlo
from candlewick.research.readiness import readiness
from candlewick.research.stress import stress
from candlewick.research.walk_forward import walk_forward
from candlewick.runtime.jobs import desk, sources
from candlewick.runtime.jobs.kinds import cross_validation
from candlewick.runtime.jobs.kinds import readiness as readiness_study
from candlewick.runtime.jobs.kinds.monte_carlo import _packed, _unpacked
from candlewick.runtime.jobs.messages import Assignment
from candlewick.runtime.jobs.work import Work
from candlewick.store.lake import Lake
from candlewick.store.models import Job, User
from candlewick.web.boot import settings_in_force
from tests.runtime.jobs.ground import files_of, reach, until, worker

pytestmark = pytest.mark.timeout(600)  # the core may have to be compiled first

SOURCE: Final = """
import time
from pathlib import Path

import numpy as np

import candlewick as cw
from candlewick import Param, Strategy


class Follow(Strategy):
    look = Param(1, low=1, high=4)

    def signals(self, bars, ind):
        rise = np.zeros(len(bars))
        rise[self.look :] = bars.close[self.look :] / bars.close[: -self.look] - 1.0
        return cw.Signals(enter_long=rise > 0, exit_long=rise < 0)


class Oppose(Follow):
    def signals(self, bars, ind):
        told = super().signals(bars, ind)
        return cw.Signals(enter_long=told.exit_long, exit_long=told.enter_long)


class Held(Follow):
    def signals(self, bars, ind):
        folder = Path({folder!r})
        with (folder / "lines").open("a") as file:
            file.write("run\\n")
        while (folder / "hold").exists() and (folder / "lines").read_text().count("\\n") > 120:
            time.sleep(0.01)
        return super().signals(bars, ind)
"""
START: Final = 1_704_067_200  # 2024-01-01
HOURS: Final = 24 * 80
SYMBOL: Final = "sim:DRAWUSDT"


@pytest.fixture(scope="module", autouse=True)
def _bars() -> None:
    rng = np.random.default_rng(7)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, HOURS)))
    with Lake(settings_in_force().data_dir / "lake") as lake:
        lake.put_candles(_candle(at, close) for at in range(HOURS))


def _candle(at: int, close: Any) -> Candle:
    time = START + at * 3600
    first, last = float(close[max(at - 1, 0)]), float(close[at])
    ns = (time + 3600) * NS_PER_S
    return Candle(SYMBOL, "1h", time, first, max(first, last), min(first, last), last, 5.0, True, ns, ns)


def market() -> Market:
    with Lake(settings_in_force().data_dir / "lake") as lake:
        return Market(lake.candles(SYMBOL, "1h"))


def submit(owner: User, kind: str, folder: Path, **changes: Any) -> Job:
    asked = {"strategy": "Follow", "symbols": [SYMBOL], "timeframe": "1h", **changes}
    return desk.submit(owner.pk, kind, asked, source=SOURCE.format(folder=str(folder)))


def found(owner: User, kind: str, folder: Path, **changes: Any) -> tuple[Job, dict[str, Any]]:
    """A study that ran, and what it wrote."""
    job = submit(owner, kind, folder, **changes)
    with worker():
        done = reach(job.pk, "done", "failed")
    assert done.state == "done", done.error
    return done, json.loads((files_of(done) / done.result_path).read_text())


def strategy(folder: Path, name: str = "Follow") -> Any:
    return sources.strategy(name, sources.keep(folder, SOURCE.format(folder=str(folder))))


def at(folder: Path, kind: str, spec: dict[str, Any]) -> Work:
    """What a study of the kind is given, in this process."""
    data_dir, own = str(settings_in_force().data_dir), folder / "study"
    own.mkdir(exist_ok=True)
    return Work(
        Assignment(
            id="here", kind=kind, target="", spec=spec, source=SOURCE.format(folder=str(folder)),
            code_hash="", data_dir=data_dir, market_dir=data_dir, folder=str(own),
        )
    )  # fmt: skip


def plain(document: Any) -> Any:
    return json.loads(json.dumps(document))


@pytest.mark.parametrize("method", ["reshuffle", "synthetic"])
def test_monte_carlo(ann: User, tmp_path: Path, method: Any) -> None:
    job, told = found(ann, "monte_carlo", tmp_path, method=method, runs=120, seed=3, ruin=0.2)
    expected = monte_carlo(backtest(strategy(tmp_path)(), market()), 120, method, 3, ruin=0.2)
    assert {name: told[name] for name in expected.summary} == plain(expected.summary)
    assert told["bands"] == plain(expected.bands.tolist())
    assert told["base"]["parameters"] == {"look": 1}
    assert np.load(files_of(job) / "runs.npy").shape == (120, 4)
    assert job.summary is not None
    assert (job.summary["p_value"], job.summary["runs"]) == (expected.p_value, 120)


def test_a_worker_that_dies_costs_the_runs_of_one_piece(ann: User, tmp_path: Path) -> None:
    (tmp_path / "hold").touch()
    job = submit(ann, "monte_carlo", tmp_path, strategy="Held", method="synthetic", runs=150, seed=1)
    with worker(lease_s=1.0, processes=1) as process:
        until(lambda: (tmp_path / "lines").is_file())
        until(lambda: (tmp_path / "lines").read_text().count("\n") > 120)
        for child in process.children(recursive=True):
            child.kill()
        process.kill()
        psutil.wait_procs([process], timeout=10)
    (tmp_path / "hold").unlink()
    begun = (tmp_path / "lines").read_text().count("\n")
    with worker(lease_s=1.0, processes=1):
        done = reach(job.pk, "done", "failed")
    assert done.state == "done", done.error
    again = (tmp_path / "lines").read_text().count("\n") - begun
    # the strategy itself, and two pieces of 50 runs with as many on shuffled bars: the first was kept
    assert again == 1 + 2 * 2 * 50
    whole = monte_carlo(backtest(strategy(tmp_path)(), market()), 150, "synthetic", 1)
    assert json.loads((files_of(done) / done.result_path).read_text())["quantiles"] == plain(
        whole.summary["quantiles"]
    )


def test_stress(ann: User, tmp_path: Path) -> None:
    job, told = found(ann, "stress", tmp_path, fee_taker=0.0, parameters={"look": 2})
    expected = stress(strategy(tmp_path)(look=2), market(), fee_taker=0.0)
    assert told == plain(expected.summary)
    assert job.summary is not None
    assert job.summary["worst"] == expected.summary["worst"]
    assert job.summary["sharpe"] == expected.base.metrics["sharpe"]


def test_walk_forward(ann: User, tmp_path: Path) -> None:
    asked: dict[str, Any] = {"train": "30d", "test": "20d"}
    job, told = found(ann, "walk_forward", tmp_path, **asked)
    expected = walk_forward(strategy(tmp_path), market(), **asked)
    assert {name: told[name] for name in expected.summary} == plain(expected.summary)
    np.testing.assert_array_equal(np.load(files_of(job) / "equity.npy"), expected.equity)
    assert told["trade_count"] == len(told["trades"]) == len(expected.trades)
    assert job.summary is not None
    assert (job.summary["windows"], job.summary["efficiency"]) == (3, expected.efficiency)


def test_readiness(ann: User, tmp_path: Path) -> None:
    asked: dict[str, Any] = {"train": "30d", "test": "10d", "fee_taker": 0.0}
    job, told = found(ann, "readiness", tmp_path, **asked)
    expected = readiness(strategy(tmp_path), market(), **asked)
    assert told == plain(expected.summary)
    assert job.summary is not None
    assert job.summary["ready_for"] == expected.ready_for
    paper = {"time": [START + 60 * 86_400, START + 79 * 86_400], "equity": [100.0, 101.0]}
    own = found(ann, "readiness", tmp_path, parameters={"look": 4}, paper=paper, **asked)[1]
    assert own["parameters"] == {"look": 4}
    (days,) = (check for check in own["checks"] if check["name"] == "paper_days")
    assert days["figure"] == 19


def test_cross_validation(ann: User, tmp_path: Path) -> None:
    asked: dict[str, Any] = {"groups": 5, "test_groups": 2, "purge": 24, "embargo": 0}
    space = {"look": {"low": 1, "high": 3}}
    job, told = found(ann, "cross_validation", tmp_path, space=space, **asked)
    expected = cross_validate(strategy(tmp_path), market(), space={"look": [1, 2, 3]}, **asked)
    assert told == plain(expected.summary)
    np.testing.assert_array_equal(np.load(files_of(job) / "paths.npy"), expected.paths)
    assert np.load(files_of(job) / "time.npy").tolist() == expected.time.tolist()
    assert job.summary is not None
    assert (job.summary["paths"], job.summary["verdict"]) == (4, expected.verdict)


def test_sets_that_a_cross_validation_has_run_are_not_run_again(ann: User, tmp_path: Path) -> None:
    asked: dict[str, Any] = {
        "strategy": "Follow",
        "symbols": [SYMBOL],
        "timeframe": "1h",
        "space": {"look": [1, 2]},
    }
    work = at(tmp_path, "cross_validation", asked)
    first = cross_validation.run(asked, work)
    kept = dict(work.pieces.done)
    work.close()
    assert sum(map(len, kept.values())) == 2
    again = at(tmp_path, "cross_validation", asked)
    assert cross_validation.run(asked, again) == first
    assert dict(again.pieces.done) == kept, "no piece was done in vain"
    again.close()


def test_readiness_goes_on_behind_the_sets_and_windows_that_were_done(ann: User, tmp_path: Path) -> None:
    asked: dict[str, Any] = {
        "strategy": "Follow", "symbols": [SYMBOL], "timeframe": "1h", "train": "30d", "test": "20d",
    }  # fmt: skip
    work = at(tmp_path, "readiness", asked)
    first = readiness_study.run(asked, work)
    kept = dict(work.pieces.done)
    work.close()
    assert {name.partition(" ")[0] for name in kept} == {"sets", "0", "1", "2"}
    again = at(tmp_path, "readiness", asked)
    assert readiness_study.run(asked, again) == first
    assert dict(again.pieces.done) == kept, "no piece was done in vain"
    again.close()


def test_compare(ann: User, tmp_path: Path) -> None:
    others = [{"strategy": "Oppose"}, {"strategy": "Follow", "parameters": {"look": 3}}]
    job, told = found(ann, "compare", tmp_path, others=others, runs=99)
    kinds = [strategy(tmp_path)(), strategy(tmp_path, "Oppose")(), strategy(tmp_path)(look=3)]
    expected = compare([backtest(kind, market()) for kind in kinds], runs=99)
    assert told == plain(expected.summary)
    assert job.summary is not None
    assert job.summary["best"] == expected.ranking[0].name


@pytest.mark.parametrize(
    ("kind", "changes", "words"),
    [
        ("monte_carlo", {"method": "guess"}, "Invalid enum value 'guess' - at `$.method`"),
        ("monte_carlo", {"runs": 0}, "0 runs cannot be done"),
        ("walk_forward", {"train": "9 moons"}, "'9 moons' is no span of time"),
        ("walk_forward", {"space": {"look": {"low": 1.5, "high": 3}}}, "give whole numbers"),
        ("compare", {"others": []}, "There is nothing to compare with"),
        ("compare", {"others": [{"strategy": "Nobody"}]}, "There is no strategy 'Nobody' in the file"),
        ("stress", {"colour": "red"}, "unknown field `colour`"),
        ("cross_validation", {"constraints": ["trades > 3"]}, "here constraints are about parameters"),
        ("readiness", {"train": "300d"}, "not one window of 300d and 30d fits in"),
    ],
)
def test_what_cannot_be_is_a_sentence(
    ann: User, tmp_path: Path, kind: str, changes: dict[str, Any], words: str
) -> None:
    job = submit(ann, kind, tmp_path, **changes)
    with worker():
        failed = reach(job.pk, "done", "failed")
    assert (failed.state, failed.attempts) == ("failed", 1)
    assert words in failed.error


def test_a_piece_is_kept_as_it_was(tmp_path: Path) -> None:
    result = backtest(strategy(tmp_path)(), market())
    kept: dict[int, Any] = {}
    monte_carlo(result, 20, "block_bootstrap", on_piece=kept.__setitem__)
    again = _unpacked(_packed(kept[0]))
    for name in ("total_return", "sharpe", "null", "paths"):
        np.testing.assert_array_equal(getattr(again, name), getattr(kept[0], name))
