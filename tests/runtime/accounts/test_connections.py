"""Connections of live accounts: what their people hear, and what is counted."""

from __future__ import annotations

from collections.abc import Iterable

from candlewick.core.clock import NS_PER_S, ManualClock
from candlewick.runtime.accounts.connections import Connections
from candlewick.venues.execution import OrderHealth


class Watched:
    """Two accounts at a venue, a clock, and what was told."""

    def __init__(self) -> None:
        self.clock = ManualClock(NS_PER_S)
        self.health = {7: OrderHealth(frozenset({"spot", "usdm"})), 8: OrderHealth(frozenset({"spot"}))}
        self.told: list[tuple[str, str, tuple[int, ...]]] = []
        self.connections = Connections(lambda: self.health, self._tell, self.clock)
        for each in self.health.values():
            each.up |= each.markets

    def _tell(self, severity: str, title: str, message: str, ts: int, accounts: Iterable[int]) -> None:
        self.told.append((severity, message, tuple(accounts)))

    def pass_time(self, seconds: int) -> None:
        for _ in range(seconds):
            self.connections.look()
            self.clock.advance(1)
        self.connections.look()


def test_a_stream_that_stays_away_is_told_once_to_its_account_and_its_return_too() -> None:
    watched = Watched()
    watched.pass_time(1)
    watched.health[7].up.discard("usdm")
    watched.health[7].last_error = "usdm user stream: no route."
    watched.pass_time(60)
    ((severity, message, accounts),) = watched.told
    assert (severity, accounts) == ("CRITICAL", (7,))
    assert "of usdm orders come" in message
    assert "no route." in message
    watched.health[7].up.add("usdm")
    watched.pass_time(2)
    assert [(severity, accounts) for severity, _, accounts in watched.told[1:]] == [("INFO", (7,))]


def test_a_stream_that_comes_back_at_once_is_told_to_nobody() -> None:
    watched = Watched()
    for _ in range(3):
        watched.health[8].up.clear()
        watched.pass_time(5)
        watched.health[8].up.add("spot")
        watched.pass_time(5)
    assert watched.told == []


def test_an_account_that_was_never_heard_of_is_told_so() -> None:
    watched = Watched()
    watched.health[7].up.clear()
    watched.pass_time(20)
    assert [accounts for _, _, accounts in watched.told] == [(7,)]


def test_streams_are_counted_by_account_and_market() -> None:
    watched = Watched()
    watched.health[7].up.discard("spot")
    watched.health[7].reconnects = 3
    watched.health[8].malformed = 2
    assert watched.connections.metrics() == {
        "account_stream_up": {7: {"spot": 0, "usdm": 1}, 8: {"spot": 1}},
        "account_stream_reconnects_total": {7: 3, 8: 0},
        "account_stream_malformed_total": {7: 0, 8: 2},
    }
