"""Accounts themselves: money, leverage, limits and settings, and what of them is refused."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from candlewick.core.errors import (
    Conflict,
    UnknownSymbol,
    UsageError,
)
from candlewick.core.reports import LeverageRefused, LeverageTaken
from candlewick.trading.commands import (
    OpenAccount,
    SetLeverage,
    SetLimits,
    SetSettings,
    SetTradingState,
    Transfer,
)
from candlewick.trading.effects import (
    AccountChanged,
    Alert,
    Booked,
    Journal,
    PositionChanged,
    SendLeverage,
)
from candlewick.trading.settings import AccountSettings, Fees
from tests.trading.ground import (
    ACCOUNT,
    BTC,
    BTC_PERP,
    NO_LIMITS,
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


@pytest.fixture
def live() -> House:
    live = House(limits=NO_LIMITS, kind="live")
    live.quotes(BTC_PERP, 49_999.0, 50_001.0)
    return live


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

    def test_it_opens_one_whose_history_began_long_ago(self, house: House) -> None:
        self.open(house, since=house.now - 1_000)
        [deposit] = [each.transaction.ts for each in house.last if isinstance(each, Booked)]
        assert deposit == house.now - 1_000
        check_recovery(house)

    @pytest.mark.parametrize(
        "wrong",
        [
            {"since": 2**62},
            {"since": -1},
            {"cash": D(-1)},
            {"cash": D("NaN")},
            {"kind": "live"},
            {"kind": "live", "cash": D(0)},
        ],
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

    def test_a_live_account_goes_by_the_leverage_that_its_venue_takes(self, live: House) -> None:
        before = live.account.book.leverage_of(BTC_PERP.id)
        leverage(live, "3", "isolated")
        kinds_told = [type(each) for each in live.last]
        assert kinds_told[-2:] == [Journal, SendLeverage]
        assert live.told(SendLeverage) == [SendLeverage(ACCOUNT, BTC_PERP.id, D(3), "isolated")]
        assert live.account.book.leverage_of(BTC_PERP.id) == before
        live.do(LeverageTaken(ACCOUNT, BTC_PERP.id, D(2), "isolated", live.now))
        assert live.account.book.leverage_of(BTC_PERP.id) == (D(2), "isolated")
        live.do(LeverageTaken(ACCOUNT, BTC_PERP.id, D(2), "isolated", live.now))
        assert live.last == ()
        check_recovery(live)

    def test_leverage_that_a_venue_refuses_is_told_and_changes_nothing(self, live: House) -> None:
        before = live.account.book.leverage_of(BTC_PERP.id)
        leverage(live, "100")
        live.do(LeverageRefused(ACCOUNT, BTC_PERP.id, "max_leverage", "Too much for it.", live.now))
        (alert,) = live.told(Alert)
        assert alert.severity == "WARNING"
        assert "Too much for it." in alert.message
        assert live.account.book.leverage_of(BTC_PERP.id) == before
        check_recovery(live)

    def test_a_live_account_is_held_to_its_own_limit_of_leverage(self, live: House) -> None:
        limits = replace(NO_LIMITS, max_leverage=D(3))
        live.do(SetLimits(account=ACCOUNT, limits=limits, actor="ann", ts=live.now))
        with pytest.raises(UsageError, match="3x are allowed"):
            leverage(live, "4")

    def test_leverage_can_be_asked_back_while_another_is_on_its_way(self, live: House) -> None:
        now, mode = live.account.book.leverage_of(BTC_PERP.id)
        leverage(live, "7", mode)
        leverage(live, str(now), mode)
        assert live.told(SendLeverage) == [SendLeverage(ACCOUNT, BTC_PERP.id, now, mode)]

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
