"""The invariants find nothing in a sound book, and each finds the fault that it is there for."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.core.account import LotMethod
from candlewick.ledger import invariants
from candlewick.ledger.fault import Fault
from tests.ledger.notation import D, History, run
from tests.ledger.test_properties import METHODS, histories, marks

SOUND = """
    deposit 10000 USDT
    buy  1 BTCUSDT @ 100 fee 0.001 BTC
    buy  2 BTCUSDT-PERP @ 100 fee 0.1 USDT
    sell 0.5 BTCUSDT @ 110
    funding -0.3 USDT on BTCUSDT-PERP
"""
MARKS = {"binance:BTCUSDT": D(105), "binance:BTCUSDT-PERP": D(105)}


def faults(history: History, known: Mapping[str, D] = MARKS) -> list[Fault]:
    book = history.book
    return [
        *invariants.postings_balance(history.transactions),
        *invariants.totals_are_postings(book, history.transactions),
        *invariants.positions_are_postings(book),
        *invariants.positions_are_fills(book, history.fills, history.transactions),
        *invariants.equity_is_explained(book, known),
        *invariants.check(book),
    ]


@given(histories, marks(), st.sampled_from(METHODS))
def test_any_history_keeps_them_all(history: list[str], known: dict[str, D], method: LotMethod) -> None:
    assert faults(run("\n".join(history), method), known) == []


def test_it_finds_a_transaction_that_does_not_balance() -> None:
    history = run(SOUND)
    broken = msgspec.structs.replace(history.transactions[0], postings=history.transactions[0].postings[:1])
    (fault,) = invariants.postings_balance([broken])
    assert fault.code == "postings_do_not_balance"
    assert "10000 USDT over" in fault.text


def test_it_finds_a_posting_that_was_lost() -> None:
    history = run(SOUND)
    codes = {fault.code for fault in invariants.totals_are_postings(history.book, history.transactions[:-1])}
    assert codes == {"total_is_not_its_postings", "balance_is_not_its_postings"}


def test_it_finds_a_balance_that_was_changed() -> None:
    history = run(SOUND)
    history.book.balances["USDT"] += 1
    codes = [fault.code for fault in faults(history)]
    assert "balance_is_not_its_postings" in codes
    assert "balance_is_not_its_fills" in codes


def test_it_finds_a_fill_that_was_not_booked() -> None:
    history = run(SOUND)
    twice = [*history.fills, history.fills[1]]
    found = invariants.positions_are_fills(history.book, twice, history.transactions)
    assert [fault.code for fault in found] == ["position_is_not_its_fills", "balance_is_not_its_fills"]


@pytest.mark.parametrize("what", ["quantity", "cost"])
@pytest.mark.parametrize("symbol", ["BTCUSDT", "BTCUSDT-PERP"])
def test_it_finds_a_position_that_its_lots_and_postings_do_not_explain(symbol: str, what: str) -> None:
    history = run(SOUND)
    position = history.book.positions[f"binance:{symbol}"]
    setattr(position, what, getattr(position, what) + 1)
    found = invariants.check(history.book)
    assert {fault.code for fault in found} == {"position_is_not_its_postings"}


def test_it_finds_books_that_do_not_sum_to_zero() -> None:
    history = run(SOUND)
    history.book.totals["capital:deposit", "USDT"] += 1
    history.book.kinds["capital", "USDT"] += 1
    assert [fault.code for fault in invariants.check(history.book)] == ["totals_do_not_balance"]
    assert [fault.code for fault in invariants.equity_is_explained(history.book, MARKS)] == [
        "equity_is_not_explained"
    ]
