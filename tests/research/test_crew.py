"""Sets in pieces: sent anywhere, back in their order, and no more of them once it is cancelled."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from candlewick.backtest.market import markets_of
from candlewick.research.crew import Crew, crew, fan_out
from candlewick.research.sweep import Ran, Runner, Setup
from tests.research.hills import Cross, walk

pytestmark = pytest.mark.timeout(600)  # the core may have to be compiled first
SETS = [{"fast": 2, "slow": 8, "shorts": False}, {"fast": 3, "slow": 12, "shorts": True}]


def test_what_other_processes_read_is_removed_at_the_end(tmp_path: Path) -> None:
    made = Runner(Cross(), markets_of(walk()), Setup(), ("sharpe", "trades"))
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        with crew(made, pool, folder=tmp_path) as at_work:
            assert len(list(tmp_path.iterdir())) == 1
            assert pool.submit(at_work.send, SETS).result() == made(SETS)
        assert not list(tmp_path.iterdir())


def test_pieces_come_back_in_the_order_of_the_sets_however_they_are_done() -> None:
    class Backwards(Executor):
        """Does the last piece first."""

        def __init__(self) -> None:
            self.waiting: list[tuple[Future[Any], Any]] = []

        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            future: Future[Any] = Future()
            self.waiting.append((future, lambda: fn(*args, **kwargs)))
            if len(self.waiting) == 2:
                for each, work in reversed(self.waiting):
                    each.set_result(work())
                self.waiting.clear()
            return future

    def send(sets: Any) -> list[Ran]:
        return [Ran({"it": each["n"]}) for each in sets]

    sets = [{"n": n} for n in range(8)]
    told: list[int] = []
    came = fan_out(
        sets,
        Crew(send, Backwards(), 1),
        lambda own, ran: told.extend(each["n"] for each in own),
        lambda: False,
    )
    assert [each.figures["it"] for each in came if each is not None] == list(range(8))
    assert sorted(told) == list(range(8))


def test_once_cancelled_nothing_more_is_begun() -> None:
    done: list[Any] = []
    with ThreadPoolExecutor(1) as pool:
        came = fan_out(
            [{"n": n} for n in range(64)],
            Crew(lambda sets: [Ran({})] * len(sets), pool, 1),
            lambda sets, ran: done.extend(sets),
            lambda: len(done) > 0,
        )
    assert 0 < len(done) < 64
    assert sum(each is not None for each in came) == len(done)
