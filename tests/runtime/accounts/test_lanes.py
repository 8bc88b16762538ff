"""Lanes of accounts: numbers without a gap, and nothing shown before it is on disk."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import orjson
import pytest

from candlewick.runtime.accounts.lanes import CHANNELS, AccountLanes


class Desk:
    """Lanes of account 12 whose disk is as slow as a test wants."""

    def __init__(self) -> None:
        self.state: dict[str, Any] = {"orders": [{"id": "a", "price": Decimal("0.10")}]}
        self.unsettled: list[Callable[[], None]] | None = None
        self.sent: list[tuple[str, int, bytes]] = []
        self.lanes = AccountLanes(lambda account, channel: self.state.get(channel), self._when_settled)
        self.lanes.on_event = lambda name, seq, message: self.sent.append((name, seq, message))
        self.lanes.open(12, lambda channel: [(7, b'{"data":{"title":"old"}}')] if channel == "alerts" else [])

    def _when_settled(self, call: Callable[[], None]) -> None:
        if self.unsettled is None:
            call()
        else:
            self.unsettled.append(call)

    def snapshot(self, name: str) -> list[tuple[int, Any]]:
        told: list[tuple[int, Any]] = []
        self.lanes.snapshot(name, lambda seq, message: told.append((seq, orjson.loads(message))))
        return told


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_every_account_has_all_channels(desk: Desk) -> None:
    assert desk.lanes.channels() == tuple(f"{channel}@12" for channel in CHANNELS)


def test_it_goes_on_counting_where_the_disk_ends(desk: Desk) -> None:
    event = desk.lanes.number(12, "alerts", "alert", {"title": "new"}, 1)
    assert event.seq == 8
    assert desk.lanes.last_seqs()["alerts@12"] == 7, "it is not on disk yet"
    desk.lanes.publish(event)
    assert desk.lanes.last_seqs()["alerts@12"] == 8
    assert [(name, seq) for name, seq, _ in desk.sent] == [("alerts@12", 8)]


def test_money_in_an_event_is_written_exactly(desk: Desk) -> None:
    event = desk.lanes.number(12, "orders", "order_filled", {"price": Decimal("0.10")}, 1)
    assert event.message == (
        b'{"type":"order_filled","channel":"orders","account":12,"seq":1,"data":{"price":0.10}}'
    )


def test_a_snapshot_waits_until_what_it_shows_is_on_disk(desk: Desk) -> None:
    desk.unsettled = []
    told: list[tuple[int, Any]] = []
    decided = desk.lanes.number(12, "orders", "order_placed", {}, 1)
    desk.lanes.snapshot("orders@12", lambda seq, message: told.append((seq, orjson.loads(message)["data"])))
    assert told == []
    desk.lanes.number(12, "orders", "order_filled", {}, 2)
    desk.state["orders"] = []
    desk.lanes.publish(decided)
    for call in desk.unsettled:
        call()
    assert told == [(1, [{"id": "a", "price": 0.10}])], "what came after it was asked is not on disk yet"


def test_an_account_that_did_not_come_to_be_has_no_channels(desk: Desk) -> None:
    desk.lanes.open(13, lambda channel: [])
    desk.lanes.forget(13)
    assert all(name.endswith("@12") for name in desk.lanes.channels())


def test_a_snapshot_is_the_state_where_there_is_one_and_else_the_newest_events(desk: Desk) -> None:
    [(seq, orders)] = desk.snapshot("orders@12")
    assert (seq, orders["type"], orders["data"]) == (0, "orders_snapshot", [{"id": "a", "price": 0.10}])
    [(seq, alerts)] = desk.snapshot("alerts@12")
    assert (seq, alerts["data"]) == (7, [{"title": "old"}])
