"""When a drift is worked out, and what is answered meanwhile."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from candlewick.core.errors import Conflict, NotYet
from candlewick.runtime.strategies import drifts
from candlewick.runtime.strategies.drifts import Drifts


class Worker:
    """Works out what a test gives it, when it does."""

    def __init__(self) -> None:
        self.asked: list[asyncio.Future[dict[str, Any]]] = []

    async def work_out(self) -> dict[str, Any]:
        self.asked.append(asyncio.get_running_loop().create_future())
        return await self.asked[-1]


@pytest.fixture
def worker() -> Worker:
    return Worker()


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drifts, "ANSWER_WITHIN_S", 0.01)
    monkeypatch.setattr(drifts, "ANEW_AFTER_S", -1.0)


async def test_while_the_first_is_worked_out_it_says_so_and_begins_no_other(worker: Worker) -> None:
    found = Drifts()
    for _ in range(2):
        with pytest.raises(NotYet, match="still running"):
            await found.of("a", 60, worker.work_out)
    assert len(worker.asked) == 1
    worker.asked[0].set_result({"gap": 1.0})
    assert await found.of("a", 60, worker.work_out) == {"gap": 1.0}
    assert len(worker.asked) == 1


async def test_after_a_new_bar_the_one_before_is_told_until_there_is_a_newer_one(worker: Worker) -> None:
    found = Drifts()
    with pytest.raises(NotYet):
        await found.of("a", 60, worker.work_out)
    worker.asked[0].set_result({"gap": 1.0})
    await asyncio.sleep(0)
    for _ in range(2):
        assert await found.of("a", 120, worker.work_out) == {"gap": 1.0}
        await asyncio.sleep(0)
    assert len(worker.asked) == 2
    worker.asked[1].set_result({"gap": 2.0})
    await asyncio.sleep(0)
    assert await found.of("a", 120, worker.work_out) == {"gap": 2.0}


async def test_on_short_bars_it_is_not_worked_out_for_each(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Drifts()
    with pytest.raises(NotYet):
        await found.of("a", 60, worker.work_out)
    worker.asked[0].set_result({"gap": 1.0})
    await asyncio.sleep(0)
    monkeypatch.setattr(drifts, "ANEW_AFTER_S", 1e6)
    assert await found.of("a", 61, worker.work_out) == {"gap": 1.0}
    assert len(worker.asked) == 1


async def test_what_fails_is_told_and_after_a_while_tried_again(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Drifts()
    with pytest.raises(NotYet):
        await found.of("a", 60, worker.work_out)
    worker.asked[0].set_exception(Conflict("Its backtest failed."))
    await asyncio.sleep(0)
    monkeypatch.setattr(drifts, "ANEW_AFTER_S", 1e6)
    for _ in range(2):
        with pytest.raises(Conflict, match="failed"):
            await found.of("a", 60, worker.work_out)
    monkeypatch.setattr(drifts, "ANEW_AFTER_S", -1.0)
    with pytest.raises(NotYet):
        await found.of("a", 60, worker.work_out)
    worker.asked[1].set_result({"gap": 1.0})
    assert await found.of("a", 60, worker.work_out) == {"gap": 1.0}


async def test_of_a_strategy_that_is_gone_nothing_is_worked_out(worker: Worker) -> None:
    found = Drifts()
    with pytest.raises(NotYet):
        await found.of("a", 60, worker.work_out)
    found.forget("a")
    await asyncio.sleep(0)
    assert worker.asked[0].cancelled()
    with pytest.raises(NotYet):
        await found.of("b", 60, worker.work_out)
    await found.close()
    assert worker.asked[1].cancelled()


async def test_inside_a_long_bar_it_is_worked_out_again_once_it_is_old(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Drifts()
    with pytest.raises(NotYet):
        await found.of("a", 60, worker.work_out)
    worker.asked[0].set_result({"gap": 1.0})
    await asyncio.sleep(0)
    assert await found.of("a", 60, worker.work_out) == {"gap": 1.0}
    assert len(worker.asked) == 1
    monkeypatch.setattr(drifts, "OLD_AFTER_S", -1.0)
    assert await found.of("a", 60, worker.work_out) == {"gap": 1.0}
    await asyncio.sleep(0)
    assert len(worker.asked) == 2
    await found.close()
