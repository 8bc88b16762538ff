"""A search as a study: what it finds is what the same call finds, and a crash costs no more than a piece."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import numpy as np
import psutil
import pytest

from candlewick.core.clock import NS_PER_S
from candlewick.core.events import Candle
from candlewick.research.search import optimise
from candlewick.runtime.jobs import desk, sources
from candlewick.runtime.jobs.kinds import optimisation, results
from candlewick.store.lake import Lake
from candlewick.store.models import Job, User
from candlewick.web.boot import settings_in_force
from tests.runtime.jobs.ground import files_of, reach, until, worker

pytestmark = pytest.mark.timeout(600)  # the core may have to be compiled first

SOURCE: Final = """
import time
from pathlib import Path

import candlewick as cw
from candlewick import Param, Strategy, ta


class Cross(Strategy):
    fast = Param(3, low=2, high=12)
    slow = Param(20, low=3, high=30)

    def signals(self, bars, ind):
        fast, slow = ta.sma(bars.close, self.fast), ta.sma(bars.close, self.slow)
        return cw.Signals(enter_long=cw.crossed_above(fast, slow), exit_long=cw.crossed_below(fast, slow))


class Held(Cross):
    def signals(self, bars, ind):
        folder = Path({folder!r})
        with (folder / "lines").open("a") as file:
            file.write(f"{{self.fast}}\\n")
        while (folder / f"hold{{self.fast}}").exists():
            time.sleep(0.01)
        return super().signals(bars, ind)
"""
START: Final = 1_704_067_200  # 2024-01-01
HOURS: Final = 24 * 40
SYMBOL: Final = "sim:SEARCHUSDT"


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


def submit(owner: User, folder: Path, **changes: Any) -> Job:
    asked = {"strategy": "Cross", "symbols": [SYMBOL], "timeframe": "1h"} | changes
    return desk.submit(owner.pk, "optimisation", asked, source=SOURCE.format(folder=str(folder)))


def done(job: Job) -> tuple[Job, Path]:
    reached = reach(job.pk, "done", "failed")
    return reached, files_of(job)


def test_a_search_finds_what_the_same_call_finds_in_python(ann: User, tmp_path: Path) -> None:
    space = {"fast": {"low": 2, "high": 8, "step": 2}, "slow": [10, 20, 30]}
    job = submit(
        ann, tmp_path, space=space, parameters={"slow": 25}, constraints=["trades >= 3"], fee_taker=0.001
    )
    with worker():
        reached, folder = done(job)
    assert reached.state == "done", reached.error
    kind = sources.strategy("Cross", sources.keep(tmp_path, SOURCE.format(folder="")))
    with Lake(settings_in_force().data_dir / "lake") as lake:
        bars = lake.candles(SYMBOL, "1h")
    expected = optimise(
        kind, bars, space={"fast": [2, 4, 6, 8], "slow": [10, 20, 30]}, constraints=["trades >= 3"],
        fee_taker=0.001, figures=optimisation.Asked.__struct_defaults__[-1],
    )  # fmt: skip
    told = json.loads((folder / optimisation.FILE).read_text())
    assert told["best"]["parameters"] == expected.best.parameters
    assert [each["figures"] for each in told["trials"]] == [dict(each.figures) for each in expected]
    assert told["deflated_sharpe"] == expected.result.metrics["deflated_sharpe"]
    assert told["heatmaps"][0]["xs"] == [2, 4, 6, 8]
    best = json.loads((folder / optimisation.BEST / results.FILE).read_text())
    assert best["metrics"]["sharpe"] == expected.best.figures["sharpe"]
    assert best["metrics"]["deflated_sharpe"] == told["deflated_sharpe"]
    assert reached.summary is not None
    assert reached.summary["trials"] == 12
    assert reached.summary["parameters"] == expected.best.parameters
    assert not list(folder.glob("sweep-*"))


def test_a_killed_worker_loses_no_more_than_its_current_pieces(ann: User, tmp_path: Path) -> None:
    (tmp_path / "hold9").touch()
    job = submit(ann, tmp_path, strategy="Held", space={"fast": list(range(2, 13))})
    with worker(lease_s=1.0, processes=1) as first:
        until(lambda: "9\n" in _lines(tmp_path))
        study = psutil.Process(first.pid).children(recursive=True)
        first.kill()
        first.wait(10)
        psutil.wait_procs(study, timeout=10)
    (tmp_path / "hold9").unlink()
    before = _lines(tmp_path)
    with worker(processes=1):
        reached, _ = done(job)
    assert reached.state == "done", reached.error
    assert reached.summary is not None
    assert reached.summary["trials"] == 11
    after = _lines(tmp_path)[len(before) :]
    assert "2\n" in before
    assert "2\n" not in after[: len(after) - 3]  # the best and its neighbours are run once more, at the end
    assert "9\n" in after


def _lines(folder: Path) -> list[str]:
    file = folder / "lines"
    return file.read_text().splitlines(keepends=True) if file.exists() else []


def test_where_nothing_may_be_chosen_the_study_is_done_and_says_so(ann: User, tmp_path: Path) -> None:
    with worker():
        reached, folder = done(submit(ann, tmp_path, space={"fast": [2, 3]}, constraints=["trades >= 9999"]))
    assert reached.state == "done", reached.error
    told = json.loads((folder / optimisation.FILE).read_text())
    assert told["best"] is None
    assert told["why_none"].startswith("None of 2 trials may be chosen (2 times: trades >= 9999")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"objective": "sharp"}, "Unknown metric 'sharp'. Did you mean sharpe"),
        ({"method": "gird"}, "Invalid enum value 'gird'"),
        (
            {"space": {"fast": {"low": 2.5, "high": 4}}},
            "fast is searched from 2.5 to 4.0: give whole numbers.",
        ),
        ({"space": {"fats": [2]}}, "no parameter 'fats' to search. Did you mean fast?"),
        ({"space": {"fast": 3}}, "The study's request cannot be read"),
    ],
)
def test_what_cannot_be_searched_is_a_sentence(
    ann: User, tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    with worker():
        reached, _ = done(submit(ann, tmp_path, **changes))
    assert reached.state == "failed"
    assert words in reached.error
