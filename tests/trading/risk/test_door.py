"""The door: each rule refuses what it should by its own code, and lets the rest through."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from candlewick.core.clock import NS_PER_S
from candlewick.core.errors import OrderRefused
from candlewick.core.events import Disconnected
from candlewick.core.order import Terms
from candlewick.trading.commands import Place, SetLeverage, SetLimits, SetTradingState
from candlewick.trading.effects import Effects, Journal, SendOrder
from candlewick.trading.risk.limits import Limits
from candlewick.trading.risk.verdict import Approved
from tests.trading.ground import ACCOUNT, BTC, BTC_PERP, COIN, ETH, ETH_PERP, NO_LIMITS, D, House


@pytest.fixture
def house() -> House:
    """Flat, with 100,000 USDT; BTC at 50,000, ETH at 2,000; no limits but those of nature."""
    house = House(limits=NO_LIMITS)
    prices(house)
    return house


BTC_USDC = replace(BTC, id="sim:BTCUSDC", symbol="BTCUSDC", quote="USDC", settle="USDC")


def prices(house: House) -> None:
    for instrument, bid, ask in (
        (BTC, 49_999.0, 50_001.0),
        (BTC_PERP, 49_999.0, 50_001.0),
        (COIN, 49_999.0, 50_001.0),
        (ETH, 1_999.0, 2_001.0),
        (ETH_PERP, 1_999.0, 2_001.0),
    ):
        house.quotes(instrument, bid, ask)


def limits(house: House, **changes: Any) -> Effects:
    decimals = {key: D(value) if isinstance(value, str) else value for key, value in changes.items()}
    changed = replace(house.account.limits, **decimals)
    return house.do(SetLimits(account=ACCOUNT, limits=changed, actor="ann", ts=house.now))


def state(house: House, state: Any) -> Effects:
    return house.do(SetTradingState(account=ACCOUNT, state=state, reason="a test", actor="ann", ts=house.now))


Arrange = Callable[[House], object]
NOTHING: Arrange = lambda house: None  # noqa: E731 - a table reads better with it

TERMS: dict[str, tuple[str, Arrange, dict[str, Any]]] = {
    # what is wrong → code, what happened before, the order
    "no quantity": ("not_positive", NOTHING, {"quantity": "0"}),
    "a negative quantity": ("not_positive", NOTHING, {"quantity": "-1"}),
    "a quantity that is not a number": ("number", NOTHING, {"quantity": "NaN"}),
    "an infinite price": ("number", NOTHING, {"price": "Infinity"}),
    "more than there is": ("absurd_number", NOTHING, {"quantity": "1e20"}),
    "finer than anybody counts": ("absurd_number", NOTHING, {"quantity": "1e-30"}),
    "a price of nothing": ("not_positive", NOTHING, {"price": "0"}),
    "a quantity between lots": ("lot", NOTHING, {"quantity": "0.0015"}),
    "a price between ticks": ("tick", NOTHING, {"price": "49000.005"}),
    "a stop between ticks": ("tick", NOTHING, {"order_type": "stop", "stop_price": "51000.001"}),
    "too little to be worth it": ("min_notional", NOTHING, {"instrument": ETH, "quantity": "0.002"}),
    "a limit order without a price": ("missing", NOTHING, {"order_type": "limit"}),
    "a market order with a price": ("superfluous", NOTHING, {"order_type": "market", "price": "49000"}),
    "a stop without a trigger": ("missing", NOTHING, {"order_type": "stop"}),
    "a trailing stop without a distance": ("missing", NOTHING, {"order_type": "trailing_stop"}),
    "a trailing stop with two distances": (
        "missing",
        NOTHING,
        {"order_type": "trailing_stop", "trail": "100", "trail_percent": "1"},
    ),
    "a distance of more than half": (
        "trail_percent",
        NOTHING,
        {"order_type": "trailing_stop", "trail_percent": "51"},
    ),
    "a date without GTD": ("good_till", NOTHING, {"price": "49000", "good_till": 2_000_000_000 * NS_PER_S}),
    "GTD without a date": ("good_till", NOTHING, {"price": "49000", "time_in_force": "GTD"}),
    "GTD in the past": ("good_till", NOTHING, {"price": "49000", "time_in_force": "GTD", "good_till": 1}),
    "a market order that waits": ("time_in_force", NOTHING, {"time_in_force": "GTD", "good_till": 2**62}),
    "post-only at the market": ("post_only", NOTHING, {"post_only": True}),
    "post-only at once": (
        "post_only",
        NOTHING,
        {"price": "49000", "post_only": True, "time_in_force": "IOC"},
    ),
    "a buy stop below the mark": ("would_trigger", NOTHING, {"order_type": "stop", "stop_price": "49000"}),
    "a buy target above the mark": (
        "would_trigger",
        NOTHING,
        {"order_type": "take_profit", "stop_price": "51000"},
    ),
    "a sell stop above the mark": (
        "would_trigger",
        lambda house: house.holds(BTC, "1"),
        {"side": "sell", "order_type": "stop", "stop_price": "51000"},
    ),
    "a stop loss above a purchase": ("bracket", NOTHING, {"stop_loss": "51000"}),
    "a target below a purchase": ("bracket", NOTHING, {"price": "49000", "take_profit": "48000"}),
    "a stop loss below a short sale": (
        "bracket",
        NOTHING,
        {"instrument": BTC_PERP, "side": "sell", "stop_loss": "49000"},
    ),
    "a stop loss for what only closes": (
        "bracket",
        lambda house: house.holds(BTC, "1"),
        {"side": "sell", "stop_loss": "51000"},
    ),
    "reduce-only when flat": ("reduce_only", NOTHING, {"instrument": BTC_PERP, "reduce_only": True}),
    "reduce-only that adds": (
        "reduce_only",
        lambda house: house.holds(BTC_PERP, "1"),
        {"instrument": BTC_PERP, "reduce_only": True},
    ),
    "against an own order at rest": (
        "self_trade",
        lambda house: (house.holds(BTC_PERP, "1"), house.place(BTC_PERP, "sell", "1", "50500")),
        {"instrument": BTC_PERP, "price": "50600"},
    ),
    "against an own order at the top, at the market": (
        "self_trade",
        lambda house: (house.holds(BTC_PERP, "1"), house.place(BTC_PERP, "sell", "1", "50001")),
        {"instrument": BTC_PERP},
    ),
    "selling what is not held": ("insufficient_holding", NOTHING, {"side": "sell"}),
    "selling what is promised": (
        "insufficient_holding",
        lambda house: (house.holds(BTC, "1.5"), house.place(BTC, "sell", "1", "52000")),
        {"side": "sell"},
    ),
    "selling what is promised elsewhere": (
        "insufficient_holding",
        lambda house: (
            house.holds(BTC, "1.5"),
            house.lists(BTC_USDC, 50_000.0),
            house.place(BTC_USDC, "sell", "1", "52000"),
        ),
        {"side": "sell"},
    ),
    "a way that only a venue knows": (
        "superfluous",
        NOTHING,
        {"order_type": "trailing_stop", "trail": "100", "trailed": "49000"},
    ),
    "buying for more than there is": ("insufficient_funds", NOTHING, {"quantity": "2"}),
    "buying with what is promised": (
        "insufficient_funds",
        lambda house: house.place(BTC, "buy", "1.5", "49000"),
        {},
    ),
    "buying with what is bound as margin": (
        "insufficient_funds",
        lambda house: house.holds(BTC_PERP, "9"),
        {},
    ),
    "more margin than is free": ("insufficient_margin", NOTHING, {"instrument": BTC_PERP, "quantity": "11"}),
    "margin that other orders claim": (
        "insufficient_margin",
        lambda house: house.place(BTC_PERP, "buy", "8", "49000"),
        {"instrument": BTC_PERP, "quantity": "3"},
    ),
    "margin in coin that is not there": ("insufficient_margin", NOTHING, {"instrument": COIN}),
    "more than one order may be": (
        "max_order_notional",
        lambda house: limits(house, max_order_notional="40000"),
        {},
    ),
    "more than a position may be": (
        "max_position_notional",
        lambda house: (house.holds(BTC, "0.5"), limits(house, max_position_notional="60000")),
        {},
    ),
    "more than a position may be once other orders fill": (
        "max_position_notional",
        lambda house: (
            house.place(BTC_PERP, "buy", "1", "49000"),
            limits(house, max_position_notional="60000"),
        ),
        {"instrument": BTC_PERP},
    ),
    "more than all positions may be": (
        "max_gross_notional",
        lambda house: (house.holds(ETH, "10", "2000"), limits(house, max_gross_notional="60000")),
        {},
    ),
    "more leverage than allowed": (
        "max_leverage",
        lambda house: limits(house, max_leverage="3"),
        {"instrument": BTC_PERP},
    ),
    "more leverage than the size allows": (
        "leverage_tier",
        lambda house: house.do(
            SetLeverage(
                account=ACCOUNT,
                instrument=BTC_PERP.id,
                leverage=D(125),
                margin_mode="cross",
                actor="ann",
                ts=house.now,
            )
        ),
        {"instrument": BTC_PERP, "quantity": "40"},
    ),
    "more margin than allowed": (
        "max_margin_pct",
        lambda house: limits(house, max_margin_pct="5"),
        {"instrument": BTC_PERP},
    ),
    "too much of one sector": (
        "max_sector_pct",
        lambda house: (house.holds(ETH, "10", "2000"), limits(house, max_sector_pct="60")),
        {},
    ),
    "too much of what moves together": (
        "max_correlated_pct",
        lambda house: (house.holds(BTC, "0.4"), limits(house, max_correlated_pct="60")),
        {"instrument": BTC_PERP},
    ),
    "a symbol that is not allowed": ("symbols", lambda house: limits(house, symbols=(ETH.id,)), {}),
    "too high a price": (
        "price_band",
        lambda house: limits(house, price_band_pct="10"),
        {"price": "55001"},
    ),
    "too low a price": (
        "price_band",
        lambda house: (house.holds(BTC, "1"), limits(house, price_band_pct="10")),
        {"side": "sell", "price": "44999"},
    ),
    "a stop to buy too far away": (
        "price_band",
        lambda house: limits(house, price_band_pct="10"),
        {"order_type": "stop", "stop_price": "55001"},
    ),
    "a limit too far from its trigger": (
        "price_band",
        lambda house: limits(house, price_band_pct="10"),
        {"order_type": "stop_limit", "stop_price": "54000", "price": "59401"},
    ),
    "too many orders in a minute": (
        "order_rate",
        lambda house: (
            house.place(BTC, "buy", "0.1", "49000"),
            house.place(BTC, "buy", "0.1", "49000"),
            limits(house, max_orders_per_minute=2),
        ),
        {},
    ),
    "too many orders at a time": (
        "max_open_orders",
        lambda house: (house.place(BTC, "buy", "0.1", "49000"), limits(house, max_open_orders=1)),
        {},
    ),
    "an account that is halted": ("halted", lambda house: state(house, "HALTED"), {}),
    "an account that may only reduce": ("reducing", lambda house: state(house, "REDUCING"), {}),
    "prices that are old": (
        "stale_data",
        lambda house: (limits(house, max_data_age_s="30"), house.passes(31)),
        {},
    ),
    "a connection that is lost": (
        "stale_data",
        lambda house: (
            limits(house, max_data_age_s="30"),
            house.do(Disconnected("sim", "stream", "gone", (), house.now)),
        ),
        {},
    ),
    "a day on which too much was lost": (
        "max_daily_loss",
        lambda house: (
            house.holds(BTC, "1"),
            house.quotes(BTC, 40_000.0),
            limits(house, max_daily_loss="10000"),
        ),
        {"instrument": ETH, "quantity": "1"},
    ),
    "a day on which too large a part was lost": (
        "max_daily_loss_pct",
        lambda house: (
            house.holds(BTC, "1"),
            house.quotes(BTC, 40_000.0),
            limits(house, max_daily_loss_pct="10"),
        ),
        {"instrument": ETH, "quantity": "1"},
    ),
    "a fall from the highest": (
        "max_drawdown_pct",
        lambda house: (
            house.holds(BTC, "1"),
            house.quotes(BTC, 40_000.0),
            limits(house, max_drawdown_pct="10"),
        ),
        {"instrument": ETH, "quantity": "1"},
    ),
}


@pytest.mark.parametrize("wrong", TERMS)
def test_it_refuses(house: House, wrong: str) -> None:
    code, arrange, order = TERMS[wrong]
    arrange(house)
    before, orders = house.engine.desk.snapshot(), len(house.all(SendOrder))
    asked: dict[str, Any] = {"instrument": BTC, "side": "buy", "quantity": "1"} | order
    with pytest.raises(OrderRefused) as refused:
        house.place(asked.pop("instrument"), asked.pop("side"), asked.pop("quantity"), **asked)
    assert refused.value.code == code
    assert str(refused.value).endswith(".")
    assert house.engine.desk.snapshot() == before
    assert len(house.all(SendOrder)) == orders


PASSES: dict[str, tuple[Arrange, dict[str, Any]]] = {
    "a purchase with all that is there": (NOTHING, {"quantity": "1.997"}),
    "a limit order far below the mark": (
        lambda house: limits(house, price_band_pct="10"),
        {"price": "20000"},
    ),
    "a protective stop far away": (
        lambda house: (house.holds(BTC, "1"), limits(house, price_band_pct="10")),
        {"side": "sell", "order_type": "stop", "stop_price": "30000"},
    ),
    "a sale of all that is held": (lambda house: house.holds(BTC, "1"), {"side": "sell"}),
    "a stop and a target for the same holding": (
        lambda house: (
            house.holds(BTC, "1"),
            house.place(BTC, "sell", "1", order_type="stop", stop_price="45000", oco="pair"),
        ),
        {"side": "sell", "order_type": "take_profit", "stop_price": "55000", "oco": "pair"},
    ),
    "a short sale of a perpetual": (NOTHING, {"instrument": BTC_PERP, "side": "sell"}),
    "a large order that reduces": (
        lambda house: (
            house.holds(BTC_PERP, "1"),
            limits(
                house,
                max_order_notional="1000",
                max_position_notional="1000",
                max_gross_notional="1000",
                max_leverage="1",
                max_margin_pct="1",
                max_daily_loss="0.01",
                max_sector_pct="1",
                max_correlated_pct="1",
                symbols=(),
                max_open_orders=0,
                max_orders_per_minute=0,
                max_data_age_s="1",
            ),
            house.quotes(BTC_PERP, 49_000.0),
            house.passes(60),
        ),
        {"instrument": BTC_PERP, "side": "sell"},
    ),
    "what reduces while the account may only reduce": (
        lambda house: (house.holds(BTC_PERP, "1"), state(house, "REDUCING")),
        {"instrument": BTC_PERP, "side": "sell"},
    ),
    "more orders once the minute is over": (
        lambda house: (
            house.place(BTC, "buy", "0.1", "49000"),
            limits(house, max_orders_per_minute=1),
            house.passes(60),
        ),
        {},
    ),
    "a symbol that is allowed": (lambda house: limits(house, symbols=(BTC.id,)), {}),
    "a small order that closes a perpetual": (
        lambda house: house.holds(ETH_PERP, "0.003", "2000"),
        {"instrument": ETH_PERP, "side": "sell", "quantity": "0.002", "reduce_only": True},
    ),
    "a sale at the market above an own order at rest below": (
        lambda house: (house.holds(BTC, "1"), house.place(BTC, "buy", "0.1", "49000")),
        {"side": "sell"},
    ),
}


@pytest.mark.parametrize("right", PASSES)
def test_it_lets_through(house: House, right: str) -> None:
    arrange, order = PASSES[right]
    arrange(house)
    asked: dict[str, Any] = {"instrument": BTC, "side": "buy", "quantity": "1"} | order
    placed = house.place(asked.pop("instrument"), asked.pop("side"), asked.pop("quantity"), **asked)
    assert placed.status == "IN_FLIGHT"
    assert [type(each) for each in house.last].index(Journal) < [type(each) for each in house.last].index(
        SendOrder
    )


def test_it_names_the_nearest_price_and_quantity(house: House) -> None:
    with pytest.raises(OrderRefused, match=r"The nearest is 49000\.01\."):
        house.place(BTC, "buy", "1", "49000.012")
    with pytest.raises(OrderRefused, match=r"The nearest is 1\.234\."):
        house.place(BTC, "buy", "1.2349")
    with pytest.raises(OrderRefused, match=r"The nearest is 0\.001\."):
        house.place(BTC, "buy", "0.0004")


def test_it_tells_limit_and_value(house: House) -> None:
    limits(house, max_order_notional="40000")
    with pytest.raises(OrderRefused) as refused:
        house.place(BTC, "buy", "1", "49000")
    assert (refused.value.limit, refused.value.value, refused.value.field) == (D(40000), D(49000), "quantity")


def test_it_refuses_an_instrument_that_nobody_lists(house: House) -> None:
    stranger = replace(BTC, id="sim:NOUSDT")
    with pytest.raises(OrderRefused) as refused:
        house.place(stranger, "buy", "1")
    assert refused.value.code == "unknown_instrument"


def test_it_refuses_what_can_only_be_watched(house: House) -> None:
    share = replace(BTC, id="sim:AAPL", symbol="AAPL", kind="equity")
    house.engine.list_instrument(share)
    with pytest.raises(OrderRefused) as refused:
        house.place(share, "buy", "1")
    assert refused.value.code == "kind"


def test_it_refuses_to_judge_without_a_price(house: House) -> None:
    silent = replace(BTC, id="sim:NEWUSDT", symbol="NEWUSDT", base="NEW")
    house.engine.list_instrument(silent)
    with pytest.raises(OrderRefused) as refused:
        house.place(silent, "buy", "1", "1")
    assert refused.value.code == "no_mark"


def test_it_keeps_a_live_account_to_its_venue() -> None:
    house = House(limits=NO_LIMITS, kind="live")
    prices(house)
    other = replace(BTC, id="elsewhere:BTCUSDT", venue="elsewhere")
    house.engine.list_instrument(other)
    with pytest.raises(OrderRefused) as refused:
        house.place(other, "buy", "1")
    assert refused.value.code == "venue"


def test_it_trusts_no_figure_while_a_price_is_missing(house: House) -> None:
    house.holds(BTC, "1")
    house.engine.watches[BTC.id].quote = None
    limits(house, max_daily_loss="10000")
    with pytest.raises(OrderRefused) as refused:
        house.place(ETH, "buy", "1")
    assert refused.value.code == "unknown_equity"
    assert "BTC" in str(refused.value)
    assert house.place(BTC, "sell", "1").status == "IN_FLIGHT"


def test_it_risks_nothing_more_while_it_cannot_add_up(house: House) -> None:
    house.holds(BTC_PERP, "1")
    house.engine.watches[BTC_PERP.id].quote = None
    house.engine.watches[BTC_PERP.id].derivative.mark = None
    with pytest.raises(OrderRefused) as refused:
        house.place(ETH_PERP, "buy", "1")
    assert refused.value.code == "unknown_funds"
    limits(house, max_gross_notional="200000")
    with pytest.raises(OrderRefused) as refused:
        house.place(ETH_PERP, "buy", "1")
    assert refused.value.code == "unknown_exposure"
    assert "BTCUSDT-PERP" in str(refused.value)


def test_it_estimates_a_market_order_by_the_book(house: House) -> None:
    limits(house, max_order_notional="50000.99")
    with pytest.raises(OrderRefused, match=r"50001\.00 USDT"):
        house.place(BTC, "buy", "1")


def test_it_says_what_an_order_would_bind(house: House) -> None:
    asked = Place(
        account=ACCOUNT,
        order_id="p1",
        terms=Terms(
            instrument=BTC_PERP.id, side="buy", quantity=D(1), order_type="limit", limit_price=D(49000)
        ),
        origin="manual",
        actor="ann",
        ts=house.now,
    )
    before = house.engine.desk.snapshot()
    verdict = house.engine.judge(asked)
    assert isinstance(verdict, Approved)
    assert verdict.mark == D(50000)
    assert verdict.notional == D(49000)
    assert verdict.fee == D("24.5")
    assert verdict.margin == D(10000) + D(25)
    assert house.engine.desk.snapshot() == before


def test_it_counts_amendments_into_the_rate(house: House) -> None:
    limits(house, max_orders_per_minute=2)
    order = house.accepts(house.place(BTC, "buy", "0.1", "49000"))
    house.amend(order, limit_price="48000")
    with pytest.raises(OrderRefused) as refused:
        house.place(BTC, "buy", "0.1", "49000")
    assert refused.value.code == "order_rate"


def test_it_does_not_count_for_longer_when_the_clock_is_set_back(house: House) -> None:
    limits(house, max_orders_per_minute=1)
    house.place(BTC, "buy", "0.1", "49000")
    house.now -= 3_600 * NS_PER_S
    house.place(BTC, "buy", "0.1", "49000")
    house.passes(60)
    assert house.place(BTC, "buy", "0.1", "49000").status == "IN_FLIGHT"


def test_it_judges_new_terms_as_it_would_a_new_order(house: House) -> None:
    order = house.accepts(house.place(BTC, "buy", "1", "49000"))
    limits(house, max_order_notional="60000")
    with pytest.raises(OrderRefused) as refused:
        house.amend(order, quantity="1.3")
    assert refused.value.code == "max_order_notional"
    with pytest.raises(OrderRefused) as refused:
        house.amend(order, limit_price="49000.001")
    assert refused.value.code == "tick"
    house.amend(order, quantity="1.2")
    assert house.order(order.id).amending is not None


def test_default_limits_are_those_of_a_careful_person() -> None:
    house = House(limits=Limits())
    prices(house)
    with pytest.raises(OrderRefused) as refused:
        house.place(BTC, "buy", "1.1")
    assert refused.value.code == "max_order_notional"
    assert refused.value.limit == Decimal(50_000)
