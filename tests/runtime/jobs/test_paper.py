"""A run on paper as a check of readiness is given it: what its book was worth at the closes of bars."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import numpy as np
import pytest

from candlewick.backtest.market import Market
from candlewick.core.clock import NS_PER_S
from candlewick.market.bars import Bars
from candlewick.runtime.jobs import paper
from candlewick.runtime.jobs.kinds.readiness import OnPaper
from candlewick.store.models import Account, StrategyAtWork
from tests.runtime.ground import INSTRUMENT
from tests.runtime.strategies.conftest import account, floor
from tests.runtime.strategies.ground import BTC, Floor, until

__all__ = ["account", "floor"]


@pytest.fixture(autouse=True)
def _async(monkeypatch: pytest.MonkeyPatch) -> None:
    # Django forbids its ORM on a thread with a running loop; the tests' loop waits meanwhile, as it may
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")


def market(floor: Floor) -> Market:
    """The bars that the strategy saw."""
    rows = floor.feed.bars
    columns = {
        name: [getattr(each, name) for each in rows] for name in ("open", "high", "low", "close", "volume")
    }
    bars = Bars.from_arrays(symbol=BTC, timeframe="1m", time=[each.time for each in rows], **columns)
    return Market(bars, INSTRUMENT)


def worth(floor: Floor, row: StrategyAtWork, close: float) -> float:
    """What the strategy's own book is worth at a price, as the engine keeps it."""
    ownings = floor.at_work(row).ownings
    assert ownings is not None
    found = ownings.worth({BTC: Decimal(str(close))})
    assert found is not None
    return float(found)


async def test_a_run_is_worth_what_its_book_was_at_the_closes(floor: Floor) -> None:
    row = await floor.started()
    began = floor.time
    expected = []
    for close in (101.0, 103.0, 99.0, 98.0):
        await floor.close_bar(row, close)
        await until(lambda close=close: (floor.held > 0) == (close > 100.0))  # type: ignore[misc]
        expected.append(worth(floor, row, close))
    told = paper.run_of(floor.row(row), floor.house.records, [market(floor)])
    assert told is not None
    assert (told["run"], told["account"], told["parameters"]) == (row.tag, "Paper", {})
    assert told["time"] == [began + 60, began + 180], "it answers the first close that it sees"
    # of the bars between only the last of each day is kept; fills come at the close that they answer
    assert told["equity"] == pytest.approx([expected[1], expected[3]], abs=0.5)
    assert told["equity"][1] != pytest.approx(float(floor.row(row).capital)), "it lost the spread"
    taken = msgspec.convert(told, OnPaper).taken
    assert taken.told.startswith(f"Taken from {row.tag} on Paper, ")


async def test_a_run_of_one_bar_is_none_yet(floor: Floor) -> None:
    row = await floor.started()
    await floor.close_bar(row, 99.0)
    assert paper.run_of(floor.row(row), floor.house.records, [market(floor)]) is None


async def test_of_days_the_last_bar_is_kept_until_the_run_ended(floor: Floor) -> None:
    row = await floor.started()
    time = np.arange(floor.time - 60, floor.time + 3 * 86_400, 60)
    flat = np.full(len(time), 100.0)
    bars = Bars.from_arrays(
        symbol=BTC, timeframe="1m", time=time, open=flat, high=flat, low=flat, close=flat, volume=flat
    )
    found = floor.row(row)
    found.ended_ns = (floor.time + 2 * 86_400) * NS_PER_S
    told = paper.run_of(found, floor.house.records, [Market(bars, INSTRUMENT)])
    assert told is not None
    midnight = (floor.time // 86_400 + 1) * 86_400
    assert told["time"][1:] == [midnight - 60, midnight + 86_400 - 60, floor.time + 2 * 86_400 - 60]
    assert set(told["equity"]) == {float(found.capital)}


async def test_only_runs_on_these_markets_and_bars_are_found_the_newest_first(
    floor: Floor, account: Account
) -> None:
    first = await floor.started()
    found = paper.runs([account.pk], "Follow", [BTC], "1m")
    assert [each.pk for each in found] == [first.pk]
    later = StrategyAtWork.objects.create(
        account=account,
        name="Follow",
        tag="later",
        spec=first.spec,
        begun_ns=2,
        created_ns=2**62,
        changed_ns=2,
    )
    StrategyAtWork.objects.create(
        account=account, name="Follow", tag="waits", spec=first.spec, created_ns=2**62 + 1, changed_ns=2
    )
    assert [each.pk for each in paper.runs([account.pk], "Follow", [BTC], "1m")] == [later.pk, first.pk]
    assert not paper.runs([account.pk], "Follow", [BTC], "5m")
    assert not paper.runs([account.pk], "Follow", [BTC, "sim:ETHUSDT"], "1m")
    assert not paper.runs([account.pk], "Other", [BTC], "1m")
    assert not paper.runs([], "Follow", [BTC], "1m")
    Account.objects.filter(pk=account.pk).update(kind="live")
    assert not paper.runs([account.pk], "Follow", [BTC], "1m"), "money is no paper"
