"""How much of each limit is used: what the risk page shows is what the door goes by."""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace

from candlewick.core.errors import OrderRefused
from candlewick.trading.commands import SetLimits
from candlewick.trading.risk.use import Summary, summarise
from tests.trading.ground import ACCOUNT, BTC, BTC_PERP, ETH, ETH_PERP, NO_LIMITS, D, House


@pytest.fixture
def house() -> House:
    """Long half a bitcoin, short ten ether, and an order to buy more."""
    house = House(limits=NO_LIMITS)
    for instrument, price in ((BTC, 50_000.0), (BTC_PERP, 50_000.0), (ETH, 2_000.0), (ETH_PERP, 2_000.0)):
        house.quotes(instrument, price)
    house.holds(BTC, "0.5")
    house.holds(ETH_PERP, "-10", "2000")
    house.place(BTC_PERP, "buy", "0.2", "49000")
    return house


def limits(house: House, **changes: Decimal | int) -> None:
    changed = replace(NO_LIMITS, **changes)
    house.do(SetLimits(account=ACCOUNT, limits=changed, actor="ann", ts=house.now))


def summary(house: House) -> Summary:
    return summarise(house.account, house.engine.market, house.now)


def test_it_shows_only_limits_that_are_set(house: House) -> None:
    assert summary(house).uses == ()
    limits(house, max_open_orders=10)
    assert [(use.code, use.value, use.limit) for use in summary(house).uses] == [
        ("max_open_orders", D(1), D(10))
    ]


def test_it_adds_positions_up(house: House) -> None:
    assert summary(house).gross == D(45_000)
    assert summary(house).net == D(5_000)


def test_it_counts_working_orders_where_the_door_does(house: House) -> None:
    limits(house, max_gross_notional=D(60_000), max_margin_pct=D(50))
    uses = {use.code: use.value for use in summary(house).uses}
    assert uses["max_gross_notional"] == D(55_000)
    assert uses["max_margin_pct"] == D(6)
    with pytest.raises(OrderRefused) as refused:
        house.place(BTC_PERP, "buy", "0.2", "49000")
    assert refused.value.value == uses["max_gross_notional"] + D(10_000)


def test_it_tells_losses_as_the_door_judges_them(house: House) -> None:
    house.quotes(BTC, 48_000.0)
    limits(house, max_daily_loss=D(1_000), max_drawdown_pct=D(1))
    uses = {use.code: use.value for use in summary(house).uses}
    assert uses["max_daily_loss"] == D(1_000)
    with pytest.raises(OrderRefused) as refused:
        house.place(BTC_PERP, "buy", "0.1", "49000")
    assert (refused.value.code, refused.value.value) == ("max_daily_loss", uses["max_daily_loss"])


def test_it_sorts_exposure_by_sector(house: House) -> None:
    assert [(share.name, share.notional) for share in summary(house).sectors] == [("Layer 1", D(55_000))]


def test_what_is_of_no_known_sector_is_shown_and_counts_as_none_as_at_the_door() -> None:
    house = House(limits=NO_LIMITS)
    nameless = replace(ETH, sector=None)
    house.engine.list_instrument(nameless)
    house.quotes(BTC, 50_000.0)
    house.quotes(nameless, 2_000.0)
    house.holds(BTC, "0.1")
    house.holds(nameless, "10", "2000")
    limits(house, max_sector_pct=D(50))
    found = summary(house)
    assert [(share.name, share.notional) for share in found.sectors] == [
        ("Unknown", D(20_000)),
        ("Layer 1", D(5_000)),
    ]
    [largest] = found.uses
    equity = house.engine.desk.valuation(ACCOUNT).total_value
    assert equity is not None
    assert largest.value == D(5_000) / equity * 100


def test_it_says_unknown_where_a_price_is_missing(house: House) -> None:
    limits(house, max_gross_notional=D(60_000))
    house.engine.watches[BTC.id].quote = None
    assert summary(house).gross is None
    assert [use.value for use in summary(house).uses] == [None]
