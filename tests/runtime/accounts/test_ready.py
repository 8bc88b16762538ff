"""Paper trading is made ready beside the stream: who orders too early is told so; nothing is kept of it."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from candlewick.core.errors import EngineAway
from candlewick.fills import warm
from candlewick.runtime.accounts import accounts
from candlewick.trading.entries import OrderPlaced
from tests.runtime.accounts.ground import ACCOUNT, FileVenue, House
from tests.runtime.ground import until

ORDER = {"symbol": "BTCUSDT", "side": "buy", "quantity": "1", "order_type": "market"}


@pytest.fixture
def slow_core(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """A core that is loaded when the event is set; whoever waits for it is told after a moment."""
    loaded = threading.Event()
    monkeypatch.setattr(warm, "warm_up", loaded.wait)
    monkeypatch.setattr(accounts, "READY_WITHIN_S", 0.05)
    yield loaded
    loaded.set()


@pytest.fixture
async def paper(tmp_path: Path, slow_core: threading.Event) -> AsyncIterator[House]:
    made = House(tmp_path)
    await made.open()
    yield made
    slow_core.set()
    await made.close()


def placed(house: House) -> list[Any]:
    return [
        entry for _, entry in house.journal.recover(use_snapshot=False)[1] if isinstance(entry, OrderPlaced)
    ]


async def test_an_order_that_comes_too_early_is_refused_before_it_is_written(
    paper: House, slow_core: threading.Event
) -> None:
    place = paper.accounts.requests.verbs["order.place"]
    with pytest.raises(EngineAway, match="nothing was ordered"):
        await place(account=ACCOUNT, actor="ann", **ORDER)
    assert placed(paper) == []
    assert paper.state.orders == {}

    slow_core.set()
    await paper.accounts.ready(ACCOUNT)
    await place(account=ACCOUNT, actor="ann", **ORDER)
    assert len(placed(paper)) == 1


@pytest.mark.parametrize("verb", ["account.snapshot", "account.portfolio", "account.risk"])
async def test_whoever_looks_at_a_paper_account_has_it_made_ready(
    paper: House, slow_core: threading.Event, verb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = threading.Event()
    monkeypatch.setattr(warm, "warm_up", begun.set)
    await paper.accounts.requests.verbs[verb](account=ACCOUNT)
    await until(begun.is_set)


async def test_a_live_account_does_not_wait_for_the_core_that_fills_paper_orders(
    tmp_path: Path, slow_core: threading.Event
) -> None:
    venue = FileVenue(tmp_path / "venue")
    house = House(tmp_path, venue)
    await house.open()
    await house.accounts.requests.verbs["order.place"](account=ACCOUNT, actor="ann", **ORDER)
    assert len(venue.placed) == 1
    await house.close()
