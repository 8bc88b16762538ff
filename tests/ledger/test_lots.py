"""Which lots a sale takes: the same purchases sold by each method."""

from __future__ import annotations

import pytest

from candlewick.core.account import LotMethod
from tests.ledger.notation import D, run

PURCHASES = """
    buy 1 BTCUSDT @ 100
    buy 1 BTCUSDT @ 140
    buy 2 BTCUSDT @ 120
"""


@pytest.mark.parametrize(
    ("method", "realised", "left"),
    [
        ("fifo", D("40") + D("5"), [("0.5", "140"), ("2", "120")]),
        ("lifo", D("30"), [("0.5", "120"), ("1", "140"), ("1", "100")]),
        ("hifo", D("0") + D("10"), [("1.5", "120"), ("1", "100")]),
        ("average", D("30"), [("2.5", "120")]),
    ],
)
def test_a_sale_takes_lots_by_its_method(method: LotMethod, realised: D, left: list[tuple[str, str]]) -> None:
    history = run(PURCHASES + "sell 1.5 BTCUSDT @ 140", method)
    assert history.last.realised == {"fifo": 40, "lifo": 30, "hifo": 10, "average": 30}[method]
    lots = history.book.positions["binance:BTCUSDT"].lots
    assert [(lot.quantity, lot.price) for lot in lots] == [
        (D(quantity), D(price)) for quantity, price in left
    ]


@pytest.mark.parametrize("short", [False, True])
def test_hifo_takes_what_realises_least_and_of_equals_the_older(short: bool) -> None:
    enter, leave = ("sell", "buy") if short else ("buy", "sell")
    history = run(
        f"""
        {enter} 1 BTCUSDT @ 100
        {enter} 2 BTCUSDT @ 120
        {enter} 3 BTCUSDT @ 120
        {leave} 1 BTCUSDT @ 110
        """,
        "hifo",
    )
    assert history.last.realised == -10
    first = history.book.positions["binance:BTCUSDT"].lots[0]
    assert (first.quantity, first.price) == (D(2) if short else D(1), D(120))


def test_an_average_that_does_not_divide_loses_nothing() -> None:
    history = run(
        """
        buy  1 BTCUSDT @ 10
        buy  2 BTCUSDT @ 20
        sell 1 BTCUSDT @ 0
        sell 1 BTCUSDT @ 0
        sell 1 BTCUSDT @ 0
        """,
        "average",
    )
    assert history.realised[0] == D("-16.666666666666666667")
    assert sum(history.realised) == -50


def test_a_contract_is_kept_by_average_whatever_the_method() -> None:
    history = run(
        """
        buy  1 BTCUSDT-PERP @ 100
        buy  1 BTCUSDT-PERP @ 200
        sell 1 BTCUSDT-PERP @ 200
        """,
        "fifo",
    )
    assert history.last.realised == 50
    assert len(history.book.positions["binance:BTCUSDT-PERP"].lots) == 1
