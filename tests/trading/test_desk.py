"""The desk: what commands do, what they refuse, and that the journal comes first."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from candlewick.core.errors import (
    Conflict,
    OrderRefused,
    StoreError,
    UnknownAccount,
    UnknownOrder,
    UnknownSymbol,
    UsageError,
)
from candlewick.core.order import Order
from candlewick.core.reports import Amended, Fill
from candlewick.trading.account import RECENT_ORDERS
from candlewick.trading.commands import (
    Cancel,
    CancelAll,
    Command,
    ImportFills,
    Kill,
    OpenAccount,
    SetLeverage,
    SetLimits,
    SetSettings,
    SetTradingState,
    Transfer,
)
from candlewick.trading.effects import (
    AccountChanged,
    Booked,
    Journal,
    OrderChanged,
    PositionChanged,
    SendAmend,
    SendCancel,
    SendOrder,
)
from candlewick.trading.engine import Engine
from candlewick.trading.entries import DayBegun, InstrumentKnown
from candlewick.trading.settings import AccountSettings, Fees
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


def kinds(house: House) -> list[str]:
    return [type(each).__name__ for each in house.last]


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


class TestPlacing:
    def test_it_journals_before_it_sends(self, house: House) -> None:
        house.place(BTC, "buy", "1", "49000")
        assert kinds(house) == ["Journal", "Journal", "OrderChanged", "SendOrder"]
        assert isinstance(house.told(Journal)[0].entry, InstrumentKnown)

    def test_it_introduces_an_instrument_once_and_again_when_it_changed(self, house: House) -> None:
        house.place(BTC, "buy", "1", "49000")
        house.place(BTC, "buy", "0.1", "49000")
        assert kinds(house) == ["Journal", "OrderChanged", "SendOrder"]
        house.engine.list_instrument(replace(BTC, lot=D("0.1")))
        house.place(BTC, "buy", "0.1", "49000")
        assert kinds(house)[:2] == ["Journal", "Journal"]
        check_recovery(house)

    def test_it_makes_one_order_of_one_key(self, house: House) -> None:
        first = house.place(BTC, "buy", "1", "49000", key="k")
        with pytest.raises(UnknownOrder):
            house.place(BTC, "buy", "1", "49000", key="k", order_id="second")
        assert house.last == ()
        assert house.engine.desk.by_key(ACCOUNT, "k") == first.id
        assert house.engine.desk.by_key(ACCOUNT, "other") is None

    def test_it_knows_a_key_after_the_order_was_amended_and_done(self, house: House) -> None:
        order = house.accepts(house.place(BTC, "buy", "1", "49000", key="k"))
        house.do(Amended(ACCOUNT, order.id, replace(order.terms, limit_price=D(48000)), house.now))
        house.ends(order)
        with pytest.raises(UnknownOrder):
            house.place(BTC, "buy", "1", "49000", key="k", order_id="second")

    @pytest.mark.parametrize("other", [{"price": "48000"}, {"quantity": "2"}, {"stop_loss": "40000"}])
    def test_it_refuses_a_key_that_stands_for_something_else(
        self, house: House, other: dict[str, Any]
    ) -> None:
        house.place(BTC, "buy", "1", "49000", key="k")
        asked: dict[str, Any] = {"quantity": "1", "price": "49000"} | other
        with pytest.raises(Conflict, match="'k' was used for order o1"):
            house.place(BTC, "buy", asked.pop("quantity"), **asked, key="k")

    def test_it_refuses_an_id_that_exists(self, house: House) -> None:
        house.place(BTC, "buy", "1", "49000", order_id="same")
        with pytest.raises(Conflict):
            house.place(BTC, "buy", "1", "48000", order_id="same")

    def test_it_forgets_the_oldest_of_the_orders_that_are_done(self, house: House) -> None:
        for n in range(RECENT_ORDERS + 1):
            house.ends(house.place(BTC, "buy", "0.001", "49000", order_id=f"n{n}"))
        with pytest.raises(UnknownOrder):
            house.order("n0")
        assert house.order("n1").status == "CANCELLED"

    def test_it_knows_no_other_account(self, house: House) -> None:
        for command in (
            Cancel(account=9, order_id="o1", actor="ann", ts=house.now),
            CancelAll(account=9, actor="ann", ts=house.now),
        ):
            with pytest.raises(UnknownAccount):
                house.do(command)


class TestCancelling:
    def test_it_cancels_what_is_still_on_its_way(self, house: House) -> None:
        order = house.place(BTC, "buy", "1", "49000")
        house.cancel(order)
        assert house.order(order.id).status == "CANCEL_IN_FLIGHT"
        assert [each.order.id for each in house.told(SendCancel)] == [order.id]
        house.accepts(order)
        assert house.order(order.id).status == "CANCEL_IN_FLIGHT"
        house.ends(order)
        assert house.order(order.id).status == "CANCELLED"
        check_recovery(house)

    def test_it_asks_once(self, house: House) -> None:
        order = house.accepts(house.place(BTC, "buy", "1", "49000"))
        house.cancel(order)
        assert house.cancel(order) == ()

    def test_it_says_when_there_is_nothing_to_cancel(self, house: House) -> None:
        order = house.accepts(house.place(BTC, "buy", "1", "49000"))
        house.fills(order, price="49000")
        with pytest.raises(Conflict, match="filled already"):
            house.cancel(order)
        with pytest.raises(UnknownOrder):
            house.cancel("nobody")

    def test_it_cancels_all_or_those_of_one_instrument(self, house: House) -> None:
        one = house.place(BTC, "buy", "0.1", "49000")
        other = house.place(BTC_PERP, "buy", "0.1", "49000")
        house.do(CancelAll(account=ACCOUNT, instrument=BTC.id, actor="ann", ts=house.now))
        assert [each.order.id for each in house.told(SendCancel)] == [one.id]
        house.cancel_all()
        assert [each.order.id for each in house.told(SendCancel)] == [other.id]

    def test_it_books_a_fill_that_beat_the_cancellation(self, house: House) -> None:
        order = house.accepts(house.place(BTC, "buy", "1", "49000"))
        house.cancel(order)
        house.fills(order, "0.4", price="49000")
        house.ends(order)
        done = house.order(order.id)
        assert (done.status, done.filled, house.account.position(BTC.id)) == ("CANCELLED", D("0.4"), D("0.4"))


class TestAmending:
    @pytest.fixture
    def order(self, house: House) -> Order:
        return house.accepts(house.place(BTC, "buy", "1", "49000"))

    def test_it_asks_for_new_terms_and_takes_them_when_the_venue_does(
        self, house: House, order: Order
    ) -> None:
        house.amend(order, limit_price="48000", quantity="0.5")
        asked = house.told(SendAmend)[0].terms
        assert (asked.limit_price, asked.quantity) == (D(48000), D("0.5"))
        assert house.order(order.id).terms == order.terms
        house.do(Amended(ACCOUNT, order.id, asked, house.now))
        assert house.order(order.id).terms == asked
        check_recovery(house)

    def test_it_does_not_go_below_what_is_filled(self, house: House, order: Order) -> None:
        house.fills(order, "0.6", price="49000")
        with pytest.raises(OrderRefused) as refused:
            house.amend(order, quantity="0.6")
        assert (refused.value.code, refused.value.limit) == ("filled", D("0.6"))

    def test_it_wants_one_change_at_a_time(self, house: House, order: Order) -> None:
        house.amend(order, limit_price="48000")
        with pytest.raises(Conflict, match="on its way"):
            house.amend(order, limit_price="47000")

    def test_it_wants_a_change(self, house: House, order: Order) -> None:
        with pytest.raises(UsageError, match="Nothing"):
            house.amend(order, limit_price="49000")

    def test_it_changes_nothing_that_is_not_at_its_venue(self, house: House, order: Order) -> None:
        new = house.place(BTC, "buy", "0.1", "49000")
        with pytest.raises(Conflict, match="has not reached"):
            house.amend(new, limit_price="48000")
        house.cancel(order)
        with pytest.raises(Conflict, match="being cancelled"):
            house.amend(order, limit_price="48000")
        house.ends(order)
        with pytest.raises(Conflict, match="cancelled already"):
            house.amend(order, limit_price="48000")

    def test_it_counts_the_larger_of_both_sizes_until_the_venue_has_spoken(
        self, house: House, order: Order
    ) -> None:
        house.amend(order, quantity="0.5")
        with pytest.raises(OrderRefused) as refused:
            house.place(BTC, "buy", "1.2", "49000")
        assert refused.value.code == "insufficient_funds"


class TestClosing:
    def test_it_closes_a_position_at_the_market(self, house: House) -> None:
        house.holds(BTC_PERP, "-1.5")
        house.close(BTC_PERP)
        terms = house.told(SendOrder)[0].order.terms
        assert (terms.side, terms.quantity, terms.order_type, terms.reduce_only) == (
            "buy",
            D("1.5"),
            "market",
            True,
        )

    def test_it_takes_back_what_claims_a_holding_before_it_sells_it(self, house: House) -> None:
        house.holds(BTC, "1")
        stop = house.accepts(house.place(BTC, "sell", "1", order_type="stop", stop_price="45000"))
        house.close(BTC)
        assert [each.order.id for each in house.told(SendCancel)] == [stop.id]
        assert kinds(house).index("SendCancel") < kinds(house).index("SendOrder")
        assert house.told(SendOrder)[0].order.terms.quantity == D(1)

    def test_it_takes_back_what_claims_the_coin_on_another_instrument(self, house: House) -> None:
        other = replace(BTC, id="sim:BTCUSDC", symbol="BTCUSDC", quote="USDC", settle="USDC")
        house.lists(other, 50_000.0)
        house.holds(BTC, "1")
        resting = house.accepts(house.place(other, "sell", "1", "52000"))
        house.close(BTC)
        assert [each.order.id for each in house.told(SendCancel)] == [resting.id]

    def test_it_closes_all(self, house: House) -> None:
        house.holds(BTC, "1")
        house.holds(BTC_PERP, "-1")
        house.close()
        assert [each.order.terms.instrument for each in house.told(SendOrder)] == [BTC.id, BTC_PERP.id]
        check_recovery(house)

    def test_it_leaves_dust(self, house: House) -> None:
        order = house.accepts(house.place(BTC, "buy", "1"))
        house.fills(order, fee="0.0015", fee_currency="BTC")
        house.close(BTC)
        assert house.told(SendOrder)[0].order.terms.quantity == D("0.998")

    def test_it_says_when_there_is_nothing_to_close_or_to_turn_round(self, house: House) -> None:
        with pytest.raises(UsageError, match="no position"):
            house.close(BTC)
        assert house.close() == ()
        house.holds(BTC, "1")
        with pytest.raises(UsageError, match="short"):
            house.close(BTC, reverse=True)
        with pytest.raises(UsageError, match="Name the position"):
            house.close(reverse=True)


class TestOwning:
    def open(self, house: House, **changes: Any) -> None:
        asked: dict[str, Any] = {
            "account": 2,
            "name": "two",
            "kind": "paper",
            "currency": "USDT",
            "cash": D(100),
            "actor": "ann",
            "ts": house.now,
        }
        house.do(OpenAccount(**(asked | changes)))

    def test_it_opens_an_account_once(self, house: House) -> None:
        self.open(house)
        assert house.engine.desk.accounts[2].book.balances == {"USDT": D(100)}
        self.open(house, cash=D(7))
        assert house.last == ()
        check_recovery(house)

    def test_it_opens_one_without_money(self, house: House) -> None:
        self.open(house, cash=D(0))
        assert house.engine.desk.valuation(2).total_value == 0

    @pytest.mark.parametrize(
        "wrong", [{"cash": D(-1)}, {"cash": D("NaN")}, {"kind": "live"}, {"kind": "live", "cash": D(0)}]
    )
    def test_it_opens_none_that_cannot_be(self, house: House, wrong: dict[str, Any]) -> None:
        with pytest.raises(UsageError):
            self.open(house, **wrong)
        assert 2 not in house.engine.desk.accounts

    def test_its_accounts_do_not_touch_each_other(self, house: House) -> None:
        self.open(house)
        house.holds(BTC, "1")
        assert house.engine.desk.accounts[2].book.positions == {}
        assert house.engine.desk.accounts[2].orders == {}

    def test_it_moves_money_once(self, house: House) -> None:
        transfer(house, "500")
        assert kinds(house) == ["Journal", "Booked", "AccountChanged"]
        transfer(house, "500")
        assert house.last == ()
        assert house.account.book.balances["USDT"] == D(100_500)

    def test_it_gives_out_only_what_is_free(self, house: House) -> None:
        house.holds(BTC_PERP, "1")
        house.place(BTC, "buy", "1", "49000")
        with pytest.raises(UsageError, match="are free"):
            transfer(house, "-41000")
        transfer(house, "-40000")
        assert house.account.book.balances["USDT"] == D(60_000)

    def test_it_gives_out_no_coin_that_is_promised(self, house: House) -> None:
        house.holds(BTC, "1")
        house.place(BTC, "sell", "0.6", "52000")
        with pytest.raises(UsageError, match="are free"):
            transfer(house, "-0.5", currency="BTC")

    @pytest.mark.parametrize("amount", ["0", "NaN", "1e30"])
    def test_it_moves_no_nonsense(self, house: House, amount: str) -> None:
        with pytest.raises(UsageError):
            transfer(house, amount)

    def test_it_sets_leverage(self, house: House) -> None:
        leverage(house, "10")
        house.holds(BTC_PERP, "1")
        assert house.engine.desk.valuation(ACCOUNT).initial_margin == D(5_000)
        leverage(house, "20")
        assert PositionChanged(ACCOUNT, BTC_PERP.id) in house.last
        assert house.engine.desk.valuation(ACCOUNT).initial_margin == D(2_500)
        leverage(house, "20")
        assert house.last == ()
        check_recovery(house)

    def test_it_sets_no_leverage_that_cannot_be(self, house: House) -> None:
        with pytest.raises(UnknownSymbol):
            leverage(house, "2", instrument="sim:NO")
        with pytest.raises(UsageError, match="spot"):
            leverage(house, "2", instrument=BTC.id)
        with pytest.raises(UsageError):
            leverage(house, "0.5")
        house.do(
            SetLimits(
                account=ACCOUNT, limits=replace(NO_LIMITS, max_leverage=D(3)), actor="ann", ts=house.now
            )
        )
        with pytest.raises(UsageError, match="3x are allowed"):
            leverage(house, "4")

    def test_it_leaves_the_leverage_of_a_live_account_to_its_venue(self) -> None:
        with pytest.raises(UsageError, match="live"):
            leverage(House(kind="live"), "3")

    def test_it_binds_no_margin_that_is_not_free(self, house: House) -> None:
        house.holds(BTC_PERP, "9")
        with pytest.raises(Conflict, match="than is free"):
            leverage(house, "1")
        house.place(BTC, "buy", "0.1", "40000")
        with pytest.raises(Conflict, match="margin mode"):
            leverage(house, "5", "isolated")

    @pytest.mark.parametrize(
        "wrong",
        [
            {"max_order_notional": D(-1)},
            {"max_daily_loss": D("NaN")},
            {"warn_pct": D(101)},
            {"max_open_orders": -1},
        ],
    )
    def test_it_sets_no_limits_that_cannot_be(self, house: House, wrong: dict[str, Any]) -> None:
        limits = replace(NO_LIMITS, **wrong)
        with pytest.raises(UsageError):
            house.do(SetLimits(account=ACCOUNT, limits=limits, actor="ann", ts=house.now))

    @pytest.mark.parametrize(
        "wrong",
        [
            {"latency_ms": -1},
            {"slippage_bps": D("Infinity")},
            {"leverage": D(0)},
            {"spot_fees": Fees(maker=D(0), taker=D(1))},
        ],
    )
    def test_it_sets_no_settings_that_cannot_be(self, house: House, wrong: dict[str, Any]) -> None:
        settings = replace(AccountSettings(), **wrong)
        with pytest.raises(UsageError):
            house.do(SetSettings(account=ACCOUNT, settings=settings, actor="ann", ts=house.now))

    def test_it_takes_lots_by_the_method_that_is_set(self, house: House) -> None:
        house.do(
            SetSettings(
                account=ACCOUNT,
                settings=replace(AccountSettings(), lot_method="lifo"),
                actor="ann",
                ts=house.now,
            )
        )
        house.holds(BTC, "0.5", "40000")
        house.holds(BTC, "0.5", "60000")
        house.holds(BTC, "-0.5", "60000")
        assert house.told(Booked)[0].realised == 0
        check_recovery(house)

    def test_it_sets_the_same_state_once(self, house: House) -> None:
        asked = SetTradingState(account=ACCOUNT, state="HALTED", reason="", actor="ann", ts=house.now)
        assert AccountChanged(ACCOUNT) in house.do(asked)
        assert house.do(asked) == ()


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
