"""The desk as a whole: histories, recovery after each entry, snapshots, faults."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from candlewick.core.errors import (
    StoreError,
    UnknownSymbol,
    UsageError,
)
from candlewick.core.reports import Fill
from candlewick.trading.commands import (
    Command,
    ImportFills,
    Kill,
    SetLeverage,
    Transfer,
)
from candlewick.trading.effects import (
    OrderChanged,
)
from candlewick.trading.engine import Engine
from candlewick.trading.entries import DayBegun
from tests.trading.ground import (
    ACCOUNT,
    BTC,
    BTC_PERP,
    COIN,
    ETH,
    NO_LIMITS,
    START,
    D,
    House,
    check_recovery,
)


@pytest.fixture
def house() -> House:
    house = House(limits=NO_LIMITS)
    house.quotes(BTC, 49_999.0, 50_001.0)
    house.quotes(BTC_PERP, 49_999.0, 50_001.0)
    return house


def leverage(house: House, leverage: str, mode: Any = "cross", instrument: str = BTC_PERP.id) -> None:
    house.do(
        SetLeverage(
            account=ACCOUNT,
            instrument=instrument,
            leverage=D(leverage),
            margin_mode=mode,
            actor="ann",
            ts=house.now,
        )
    )


def transfer(house: House, amount: str, id: str = "t1", currency: str = "USDT") -> None:
    house.do(
        Transfer(
            account=ACCOUNT, id=id, currency=currency, amount=D(amount), memo="", actor="ann", ts=house.now
        )
    )


class TestImporting:
    def fills(self, house: House) -> tuple[Fill, ...]:
        day = 86_400 * 10**9
        bought, sold = (
            Fill(
                account=ACCOUNT,
                id=id,
                order_id="old",
                instrument=BTC.id,
                side=side,  # type: ignore[arg-type]
                price=D(price),
                quantity=D(1),
                fee=D(0),
                fee_currency="USDT",
                liquidity="taker",
                ts=START + ts * day,
            )
            for id, side, price, ts in (("1", "buy", "60000", -9), ("2", "sell", "45000", -8))
        )
        return bought, sold

    def do(self, house: House, *fills: Fill) -> None:
        command: Command = ImportFills(account=ACCOUNT, fills=fills, actor="ann", ts=house.now)
        house.do(command)

    def test_it_books_a_history_once_and_takes_no_old_loss_for_one_of_today(self, house: House) -> None:
        bought, sold = self.fills(house)
        self.do(house, bought, sold, sold)
        assert house.account.book.balances["USDT"] == D(85_000)
        assert house.account.day_equity == D(85_000)
        assert house.account.peak_equity == D(85_000)
        self.do(house, bought, sold)
        assert house.last == ()
        assert len([each for each in house.entries if isinstance(each, DayBegun)]) == 1
        check_recovery(house)

    def test_it_wants_it_in_the_order_of_time(self, house: House) -> None:
        bought, sold = self.fills(house)
        before = house.engine.desk.snapshot()
        with pytest.raises(UsageError, match="older"):
            self.do(house, sold, bought)
        assert house.engine.desk.snapshot() == before

    def test_it_books_all_or_nothing(self, house: House) -> None:
        bought, sold = self.fills(house)
        before = house.engine.desk.snapshot()
        for wrong in (
            replace(sold, quantity=D(0)),
            replace(sold, price=D("NaN")),
            replace(sold, fee=D("1e-40")),
            replace(sold, quantity=D("1e40")),
        ):
            with pytest.raises(UsageError):
                self.do(house, bought, wrong)
        with pytest.raises(UnknownSymbol):
            self.do(house, bought, replace(sold, instrument="sim:NO"))
        assert house.engine.desk.snapshot() == before

    def test_it_imports_nothing_into_a_live_account(self) -> None:
        house = House(kind="live")
        with pytest.raises(UsageError, match="live"):
            self.do(house, *self.fills(house))


class TestWhole:
    def test_it_finds_no_fault_in_its_own_books(self, house: House) -> None:
        house.holds(BTC, "1")
        house.holds(BTC_PERP, "-2", "51000")
        transfer(house, "1", currency="BTC")
        house.quotes(COIN, 50_000.0)
        house.holds(COIN, "10")
        assert house.engine.checks(ACCOUNT) == []

    def test_it_stands_after_each_entry_where_the_journal_up_to_it_leads(self, house: House) -> None:
        desk, after = house.engine.desk, [house.engine.desk.snapshot()]
        apply, began = desk.apply, len(house.entries)

        def watched(entry: Any) -> Any:
            effects = apply(entry)
            after.append(desk.snapshot())
            return effects

        desk.apply = watched  # type: ignore[method-assign]
        order = house.accepts(
            house.place(BTC_PERP, "buy", "1", "49000", stop_loss="45000", take_profit="55000", key="k")
        )
        house.fills(order, "0.4", price="49000", fee="1")
        house.accepts(f"{order.id}-sl")
        house.fills(order, price="49000")
        house.holds(BTC, "0.5")
        transfer(house, "7")
        leverage(house, "10")
        house.passes(90_000)
        house.do(Kill(account=ACCOUNT, flatten=True, reason="enough", actor="ann", ts=house.now))
        house.ends(f"{order.id}-sl")
        recovered = Engine()
        for entry in house.entries[:began]:
            recovered.recover(entry)
        for entry, there in zip(house.entries[began:], after[1:], strict=True):
            recovered.recover(entry)
            assert recovered.desk.snapshot() == there
        assert len(after) > 20

    def test_it_restores_a_snapshot_and_goes_on_from_there(self, house: House) -> None:
        house.holds(BTC, "1")
        saved, read = house.engine.desk.snapshot(), len(house.entries)
        house.holds(BTC_PERP, "-2")
        house.place(ETH, "buy", "1", "1900") if house.quotes(ETH, 2_000.0) else None
        engine = Engine()
        engine.desk.restore(saved)
        for entry in house.entries[read:]:
            engine.recover(entry)
        assert engine.desk.snapshot() == house.engine.desk.snapshot()

    def test_it_does_not_take_a_damaged_journal_for_a_refusal(self, house: House) -> None:
        desk = house.engine.desk

        def fails(entry: Any) -> Any:
            raise UsageError("the ledger says no")

        desk.apply = fails  # type: ignore[method-assign]
        with pytest.raises(RuntimeError, match="cannot be applied"):
            transfer(house, "1")

    def test_it_refuses_a_snapshot_that_it_cannot_read(self) -> None:
        with pytest.raises(StoreError, match="journal"):
            Engine().desk.restore(b"nonsense")

    def test_it_says_every_change_of_an_order(self, house: House) -> None:
        order = house.accepts(house.place(BTC, "buy", "1", order_type="stop", stop_price="51000"))
        house.triggers(order, "51000")
        house.fills(order, "0.4", price="51000")
        house.fills(order, price="51001")
        assert [each.what for each in house.all(OrderChanged)] == [
            "placed",
            "accepted",
            "triggered",
            "partly_filled",
            "filled",
        ]
