"""A history from a file is booked whole, once, and with instruments that nobody lists."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from candlewick.core.errors import UnknownSymbol
from candlewick.ledger.csv_fills import read_fills
from candlewick.trading.commands import ImportFills, OpenAccount
from candlewick.trading.desk import Desk
from candlewick.trading.effects import Booked, Journal, PositionChanged
from candlewick.trading.marks import Market

FILE = """time,symbol,side,quantity,price,fee,fee_currency,order_id
2026-01-26T12:00:00Z,BNBUSDT,buy,10,300,,,1
2026-01-26T12:01:00Z,DOGEUSDT,buy,1000,0.1,0.2,BNB,2
2026-01-26T12:02:00Z,DOGEUSDT,sell,400,0.15,0.1,BNB,3
"""


@pytest.fixture
def desk() -> Desk:
    desk = Desk(Market({}))
    desk.handle(
        OpenAccount(
            account=1,
            name="Paper",
            kind="paper",
            currency="USDT",
            cash=Decimal(10000),
            venue=None,
            actor="",
            ts=1,
        )
    )
    return desk


def command(**more: Any) -> ImportFills:
    got = read_fills(FILE, account=1, primary="binance", now=2**62)
    assert got.faults == ()
    return ImportFills(
        account=1, fills=got.fills, actor="ann", ts=2, **({"instruments": got.instruments} | more)
    )


def test_it_books_fills_of_instruments_that_the_file_alone_tells_of(desk: Desk) -> None:
    effects = desk.handle(command())
    book = desk.accounts[1].book
    assert {id: position.quantity for id, position in book.positions.items()} == {
        "binance:BNBUSDT": Decimal("9.7"),
        "binance:DOGEUSDT": 600,
    }
    assert [effect.realised for effect in effects if isinstance(effect, Booked)] == [0, 0, 20]


def test_it_tells_of_the_position_whose_coins_paid_a_fee(desk: Desk) -> None:
    told = [effect.instrument for effect in desk.handle(command()) if isinstance(effect, PositionChanged)]
    assert told == ["binance:BNBUSDT"] + ["binance:DOGEUSDT", "binance:BNBUSDT"] * 2


def test_the_same_file_again_changes_nothing(desk: Desk) -> None:
    desk.handle(command())
    before = desk.snapshot()
    assert desk.handle(command()) == ()
    assert desk.snapshot() == before


def test_it_refuses_an_instrument_that_nobody_tells_of_and_books_nothing(desk: Desk) -> None:
    before = desk.snapshot()
    with pytest.raises(UnknownSymbol, match="binance:BNBUSDT"):
        desk.handle(command(instruments=()))
    assert desk.snapshot() == before


def test_the_journal_of_an_import_repeats_it(desk: Desk) -> None:
    entries = [effect.entry for effect in desk.handle(command()) if isinstance(effect, Journal)]
    again = Desk(Market({}))
    again.handle(
        OpenAccount(
            account=1,
            name="Paper",
            kind="paper",
            currency="USDT",
            cash=Decimal(10000),
            venue=None,
            actor="",
            ts=1,
        )
    )
    for entry in entries:
        again.apply(entry)
    assert again.snapshot() == desk.snapshot()
