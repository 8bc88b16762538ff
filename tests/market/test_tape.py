"""The tape: the newest trades, each once, in the venue's order."""

from __future__ import annotations

from math import nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.core.events import Trade
from candlewick.market.tape import Tape


def trade(id: int | str, price: float = 100.0, quantity: float = 1.0) -> Trade:
    return Trade("sim:X", id, price, quantity, "buy", 0, 0)


def ids(trades: list[Trade]) -> list[int | str]:
    return [each.id for each in trades]


def test_it_shows_the_newest_first_and_forgets_the_oldest() -> None:
    tape = Tape(3)
    assert all(tape.add(trade(id)) for id in (1, 2, 3, 4))
    assert ids(tape.newest(2)) == [4, 3]
    assert ids(tape.newest(9)) == [4, 3, 2]
    assert tape.newest(0) == []


@pytest.mark.parametrize("id", [2, "b"])
def test_it_takes_a_trade_once(id: int | str) -> None:
    tape = Tape(3)
    assert tape.add(trade(id))
    assert not tape.add(trade(id))
    assert tape.count == 1


@pytest.mark.parametrize(("price", "quantity"), [(nan, 1), (-1, 1), (0, 1), (1, nan), (1, 0), (1, -1)])
def test_it_refuses_an_impossible_trade(price: float, quantity: float) -> None:
    assert not Tape(3).add(trade(1, price, quantity))


def test_it_puts_a_late_trade_in_its_place() -> None:
    tape = Tape(3)
    for id in (1, 2, 4):
        tape.add(trade(id))
    assert tape.add(trade(3))
    assert ids(tape.newest(9)) == [4, 3, 2]
    assert not tape.add(trade(1)), "older than all that are kept"


def test_it_tells_what_is_new_since_it_was_last_asked() -> None:
    tape = Tape(3)
    assert tape.since(0) == []
    tape.add(trade(1))
    seen = tape.count
    tape.add(trade(3))
    tape.add(trade(2))
    assert ids(tape.since(seen)) == [3, 2]
    assert tape.since(tape.count) == []
    for id in range(10, 20):
        tape.add(trade(id))
    assert ids(tape.since(seen)) == [17, 18, 19], "what is no longer kept is left out"


@given(st.lists(st.integers(1, 30), max_size=60), st.integers(1, 8))
def test_it_holds_the_highest_ids_that_came(arrivals: list[int], length: int) -> None:
    tape = Tape(length)
    taken = [id for id in arrivals if tape.add(trade(id))]
    assert ids(tape.newest(99)) == sorted(set(arrivals), reverse=True)[:length]
    assert tape.count == len(taken) == len(set(taken))
    assert ids(tape.since(0)) == taken[-length:]


def test_it_begins_anew_when_the_venue_numbers_anew() -> None:
    tape = Tape(3)
    tape.add(trade(1_000))
    assert tape.add(Trade("sim:X", 5, 100.0, 1.0, "buy", 2_000_000_000, 0))
    assert tape.add(Trade("sim:X", 6, 100.0, 1.0, "buy", 2_000_000_000, 0))
    assert ids(tape.newest(9)) == [6, 5]
