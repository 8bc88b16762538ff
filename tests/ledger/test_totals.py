"""What postings sum to, and which coins stand in lots."""

from __future__ import annotations

import pytest

from candlewick.ledger.posting import Posting
from candlewick.ledger.totals import Coins, Totals
from tests.ledger.notation import D


def test_balances_are_cash_and_margin_and_nothing_else() -> None:
    totals = Totals()
    totals.add([Posting("cash:USDT", "USDT", D(10)), Posting("capital:deposit", "USDT", D(-10))])
    totals.add([Posting("cash:USDT", "USDT", D(-4)), Posting("margin:x", "USDT", D(4))])
    assert totals.balances == {"USDT": 10}
    assert totals.by_book["cash:USDT", "USDT"] == 6
    assert totals.by_kind == {("cash", "USDT"): 6, ("capital", "USDT"): -10, ("margin", "USDT"): 4}


@pytest.mark.parametrize(
    ("balance", "in_lots", "owed", "opened", "without"),
    [
        (5, 3, 0, -1, -1),  # two coins are in no lot: a sale beyond the lots takes one of them
        (5, 3, 0, -4, -2),
        (3, 3, 0, -1, 0),
        (-2, 0, 2, 5, 2),  # two are owed: a purchase buys them back first
        (-2, 0, 2, 1, 1),
        (1, 0, 2, 5, 0),  # a transfer brought what was owed
        (-2, 0, 0, 5, 0),  # short by a sale: the short lot is closed, not a debt
    ],
)
def test_coins_without_lots(balance: int, in_lots: int, owed: int, opened: int, without: int) -> None:
    coins = Coins({"BNB": D(balance)})
    coins.count("BNB", D(in_lots))
    coins.owe("BNB", D(owed))
    assert coins.without_lots("BNB", D(opened)) == without


def test_what_was_bought_back_is_owed_no_more() -> None:
    coins = Coins({})
    coins.owe("BNB", D(2))
    coins.owe("BNB", D(-2))
    assert coins.owed == {}
