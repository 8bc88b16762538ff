"""Fills are told in the venue's order, although some of them were missed and come later."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from candlewick.core.reports import Accepted, Fill, Gone, Report
from candlewick.venues.binance.orders.sequence import Sequence


def _fill(number: int, instrument: str = "a") -> Fill:
    return Fill(
        account=1,
        id=str(number),
        order_id="o",
        instrument=instrument,
        side="buy",
        price=Decimal(1),
        quantity=Decimal(1),
        fee=Decimal(0),
        fee_currency="USDT",
        liquidity="taker",
        ts=number,
    )


GONE = Gone(1, "o", "", 9)


def _sequence(waits: set[str]) -> Sequence:
    return Sequence(lambda order_id: "a", waits.__contains__)


def test_what_needs_not_wait_is_told_as_it_comes() -> None:
    reports: list[Report] = [Accepted(1, "o", "7", 1), _fill(1), GONE]
    assert _sequence(set()).take(reports) == reports


def test_fills_wait_for_those_that_were_missed_and_an_end_for_its_fills() -> None:
    waits = {"a"}
    sequence = _sequence(waits)
    accepted = Accepted(1, "o", "7", 1)
    assert sequence.take([accepted, _fill(10), GONE]) == [accepted]
    assert sequence.take([_fill(9)]) == []  # what was missed, and is numerically before
    waits.clear()
    assert sequence.let_go() == [_fill(9), _fill(10), GONE]


def test_another_instrument_does_not_wait() -> None:
    sequence = _sequence({"a"})
    assert sequence.take([_fill(1, "a"), _fill(2, "b")]) == [_fill(2, "b")]


def test_what_waits_is_told_when_the_missing_cannot_be_had() -> None:
    sequence = _sequence({"a"})
    sequence.take([_fill(2), _fill(1)])
    assert sequence.let_go(at_any_rate=True) == [_fill(1), _fill(2)]
    assert sequence.let_go(at_any_rate=True) == []


@given(st.permutations(range(6)), st.lists(st.booleans(), min_size=6, max_size=6))
def test_nothing_is_lost_doubled_or_told_before_what_came_before_it(
    numbers: list[int], waiting: list[bool]
) -> None:
    waits: set[str] = set()
    sequence = _sequence(waits)
    told: list[Report] = []
    for number, waits_now in zip(numbers, waiting, strict=True):
        waits.clear()
        waits.update({"a"} if waits_now else ())
        batch = sequence.take([_fill(number)])
        assert batch == sorted(batch, key=lambda fill: int(getattr(fill, "id", 0)))
        told += batch
    told += sequence.let_go(at_any_rate=True)
    assert sorted(int(each.id) for each in told if isinstance(each, Fill)) == list(range(6))
    assert sequence.fills == 6
