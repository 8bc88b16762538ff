"""Sets in pieces: sent anywhere, back in their order, and no more of them once it is cancelled."""

from __future__ import annotations

import mmap
import multiprocessing
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from candlewick.backtest.market import FundingRates, markets_of
from candlewick.research.crew import Crew, Sent, _read, crew, fan_out
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


def test_other_processes_share_the_bars_and_find_them_as_locked_as_they_were(tmp_path: Path) -> None:
    market = markets_of(walk())[0]
    rates = FundingRates(market.bars.time[::8].copy(), np.full(len(market.bars.time[::8]), 1e-4), None)
    made = Runner(Cross(), (replace(market, funding=rates),), Setup(), ("sharpe", "trades"))
    with Executor() as elsewhere, crew(made, elsewhere, folder=tmp_path) as at_work:
        assert isinstance(at_work.send, Sent)
        again = _read(at_work.send)
    assert isinstance(again, Runner)
    for one, other in zip(arrays_of(again), arrays_of(made), strict=True):
        np.testing.assert_array_equal(one, other)
        assert one.flags.writeable == other.flags.writeable, "the core is compiled for what it is given"
        assert isinstance(owner_of(one), mmap.mmap)
        assert one.ctypes.data % 64 == 0


def arrays_of(runner: Runner) -> list[Any]:
    (market,) = runner.markets
    assert market.funding is not None
    return [market.bars.time, market.bars.close, market.bars.volume, market.funding.time, market.funding.rate]


def owner_of(array: Any) -> Any:
    """What the memory of an array belongs to."""
    while isinstance(array, np.ndarray):
        array = array.base
    while isinstance(array, memoryview):
        array = array.obj
    return array


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
