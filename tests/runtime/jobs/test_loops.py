"""A strategy that loops for ever: its study fails with the line, wherever it ran, and the worker goes on."""

from __future__ import annotations

import pytest

from candlewick.runtime.jobs.registry import KINDS as OFFERED
from candlewick.store.models import User
from tests.runtime.jobs.ground import reach, worker
from tests.runtime.jobs.loops import put_bars, require_told, submit
from tests.runtime.jobs.studies import KINDS as MACHINERY

pytestmark = pytest.mark.timeout(600)  # the core may have to be compiled first


@pytest.fixture(scope="module", autouse=True)
def _bars() -> None:
    put_bars()


def test_a_study_of_each_kind_fails_with_the_line_and_the_next_is_done(ann: User) -> None:
    looping = [submit(ann, kind, "Loops") for kind in sorted(OFFERED.keys() - MACHINERY.keys())]
    sound = submit(ann, "backtest", "Sound")
    with worker():
        for job in looping:
            require_told(job, "while True:")
        assert reach(sound.pk, "done", "failed").state == "done"


@pytest.mark.parametrize("kind", ["optimisation", "cross_validation"])
def test_a_loop_in_a_process_of_the_pool_is_told_as_one_here(ann: User, kind: str) -> None:
    looping, sound = submit(ann, kind, "LoopsByBar"), submit(ann, "backtest", "Sound")
    with worker():
        require_told(looping, "while len(ctx.close)")
        assert reach(sound.pk, "done", "failed").state == "done"


@pytest.mark.parametrize("kind", ["backtest", "optimisation"])
def test_a_wait_for_what_never_comes_is_told_here_and_in_the_pool(ann: User, kind: str) -> None:
    waiting, sound = submit(ann, kind, "WaitsByBar"), submit(ann, "backtest", "Sound")
    with worker():
        require_told(waiting, "time.sleep(1000)", "has waited for 1 s without working")
        assert reach(sound.pk, "done", "failed").state == "done"
