"""Every order type in both markets, as the venue's parameters; what it cannot do is refused with a code."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from candlewick.core.clock import NS_PER_S
from candlewick.core.instrument import Instrument
from candlewick.core.order import InFlight, Order, Terms
from candlewick.venues.binance.orders.requests import (
    Request,
    amend,
    by_client_id,
    by_id,
    cancel,
    place,
    query,
)
from candlewick.venues.binance.orders.terms import Unsupported, market_of

NOW_NS = 1_700_000_000 * NS_PER_S
SPOT = Instrument(
    id="binance:BTCUSDT",
    venue="binance",
    symbol="BTCUSDT",
    native="BTCUSDT",
    kind="spot",
    base="BTC",
    quote="USDT",
    settle="USDT",
)
PERP = Instrument(
    id="binance:BTCUSDT-PERP",
    venue="binance",
    symbol="BTCUSDT-PERP",
    native="BTCUSDT",
    kind="perp",
    base="BTC",
    quote="USDT",
    settle="USDT",
)
INVERSE = Instrument(
    id="binance:BTCUSD-PERP",
    venue="binance",
    symbol="BTCUSD-PERP",
    native="BTCUSD_PERP",
    kind="perp",
    base="BTC",
    quote="USD",
    settle="BTC",
    inverse=True,
)


def _order(instrument: Instrument, **terms: Any) -> Order:
    wanted: dict[str, Any] = {"side": "buy", "quantity": Decimal("0.50"), "order_type": "market"}
    return Order(
        id="o-1",
        account=1,
        terms=Terms(instrument=instrument.id, **wanted | terms),
        state=InFlight(),
        origin="manual",
        created_at=NOW_NS,
        updated_at=NOW_NS,
    )


def _placed(instrument: Instrument, **terms: Any) -> Request:
    return place(instrument, _order(instrument, **terms), NOW_NS)


LIMIT = {"order_type": "limit", "limit_price": Decimal("40000.10")}
STOP = {"order_type": "stop", "stop_price": Decimal(39000), "side": "sell"}
STOP_LIMIT = STOP | {"order_type": "stop_limit", "limit_price": Decimal(38990)}
TAKE = {"order_type": "take_profit", "stop_price": Decimal(42000), "side": "sell"}
TRAIL = {"order_type": "trailing_stop", "trail_percent": Decimal("1.5"), "side": "sell"}


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ({}, {"type": "MARKET"}),
        (LIMIT, {"type": "LIMIT", "timeInForce": "GTC", "price": "40000.1"}),
        (LIMIT | {"time_in_force": "IOC"}, {"type": "LIMIT", "timeInForce": "IOC", "price": "40000.1"}),
        (LIMIT | {"time_in_force": "FOK"}, {"type": "LIMIT", "timeInForce": "FOK", "price": "40000.1"}),
        (LIMIT | {"post_only": True}, {"type": "LIMIT_MAKER", "price": "40000.1"}),
        (STOP, {"type": "STOP_LOSS", "stopPrice": "39000"}),
        (
            STOP_LIMIT,
            {"type": "STOP_LOSS_LIMIT", "timeInForce": "GTC", "price": "38990", "stopPrice": "39000"},
        ),
        (TAKE, {"type": "TAKE_PROFIT", "stopPrice": "42000"}),
        (TRAIL, {"type": "STOP_LOSS", "trailingDelta": 150}),
        # trailing that begins once the price has moved in favour: only TAKE_PROFIT waits on that side
        (
            TRAIL | {"stop_price": Decimal(42000)},
            {"type": "TAKE_PROFIT", "stopPrice": "42000", "trailingDelta": 150},
        ),
        ({"side": "sell", "reduce_only": True}, {"type": "MARKET"}),  # a spot sale always reduces
    ],
)
def test_spot_says_each_order_in_the_venues_words(terms: dict[str, Any], said: dict[str, Any]) -> None:
    request = _placed(SPOT, **terms)
    side = str(terms.get("side", "buy")).upper()
    assert (request.method, request.path, request.signed) == ("POST", "/api/v3/order", True)
    assert request.parameters == {
        "symbol": "BTCUSDT",
        "side": side,
        "quantity": "0.5",
        "newClientOrderId": "o-1",
        "newOrderRespType": "ACK",
        **said,
    }


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ({}, {"type": "MARKET"}),
        ({"reduce_only": True}, {"type": "MARKET", "reduceOnly": "true"}),
        (LIMIT, {"type": "LIMIT", "timeInForce": "GTC", "price": "40000.1"}),
        (LIMIT | {"post_only": True}, {"type": "LIMIT", "timeInForce": "GTX", "price": "40000.1"}),
        (
            LIMIT | {"time_in_force": "GTD", "good_till": NOW_NS + 3_600 * NS_PER_S + 5},
            {"type": "LIMIT", "timeInForce": "GTD", "price": "40000.1", "goodTillDate": 1_700_003_600_000},
        ),
    ],
)
def test_futures_send_what_can_trade_to_the_matching_engine(
    terms: dict[str, Any], said: dict[str, Any]
) -> None:
    request = _placed(PERP, **terms)
    assert (request.method, request.path) == ("POST", "/fapi/v1/order")
    assert request.parameters == {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "quantity": "0.5",
        "newClientOrderId": "o-1",
        "newOrderRespType": "ACK",
        **said,
    }


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        (STOP, {"type": "STOP_MARKET", "triggerPrice": "39000"}),
        (
            STOP | {"reduce_only": True},
            {"type": "STOP_MARKET", "triggerPrice": "39000", "reduceOnly": "true"},
        ),
        (STOP_LIMIT, {"type": "STOP", "triggerPrice": "39000", "timeInForce": "GTC", "price": "38990"}),
        (
            STOP_LIMIT | {"post_only": True},
            {"type": "STOP", "triggerPrice": "39000", "timeInForce": "GTX", "price": "38990"},
        ),
        (TAKE, {"type": "TAKE_PROFIT_MARKET", "triggerPrice": "42000"}),
        (TRAIL, {"type": "TRAILING_STOP_MARKET", "callbackRate": "1.5"}),
        (
            TRAIL | {"stop_price": Decimal(42000)},
            {"type": "TRAILING_STOP_MARKET", "callbackRate": "1.5", "activatePrice": "42000"},
        ),
    ],
)
def test_futures_send_what_waits_for_a_trigger_to_the_algo_service(
    terms: dict[str, Any], said: dict[str, Any]
) -> None:
    request = _placed(PERP, **terms)
    assert (request.method, request.path) == ("POST", "/fapi/v1/algoOrder")
    assert request.parameters == {
        "symbol": "BTCUSDT",
        "side": "SELL",
        "quantity": "0.5",
        "algoType": "CONDITIONAL",
        "workingType": "MARK_PRICE",
        "clientAlgoId": "o-1",
        **said,
    }


@pytest.mark.parametrize(
    ("instrument", "terms", "code"),
    [
        (SPOT, LIMIT | {"time_in_force": "GTD", "good_till": NOW_NS + 3_600 * NS_PER_S}, "time_in_force"),
        (SPOT, LIMIT | {"post_only": True, "time_in_force": "IOC"}, "time_in_force"),
        (SPOT, {"reduce_only": True}, "reduce_only"),
        (SPOT, STOP_LIMIT | {"post_only": True}, "post_only"),
        (SPOT, TRAIL | {"trail_percent": None, "trail": Decimal(300)}, "trail"),
        (SPOT, TRAIL | {"trail_percent": Decimal("1.505")}, "trail_percent"),
        (SPOT, {"order_type": "limit"}, "limit_price"),
        (SPOT, {"order_type": "stop"}, "stop_price"),
        (PERP, TRAIL | {"trail_percent": None, "trail": Decimal(300)}, "trail"),
        (PERP, TRAIL | {"trail_percent": Decimal("0.05")}, "trail_percent"),
        (PERP, TRAIL | {"trail_percent": Decimal(21)}, "trail_percent"),
        (PERP, LIMIT | {"post_only": True, "time_in_force": "FOK"}, "time_in_force"),
        (PERP, LIMIT | {"time_in_force": "GTD", "good_till": NOW_NS + 599 * NS_PER_S}, "good_till"),
        (PERP, LIMIT | {"time_in_force": "GTD"}, "good_till"),
        (INVERSE, {}, "instrument"),
    ],
)
def test_what_the_venue_cannot_do_is_refused_before_it_is_sent(
    instrument: Instrument, terms: dict[str, Any], code: str
) -> None:
    with pytest.raises(Unsupported) as refused:
        _placed(instrument, **terms)
    assert refused.value.code == code
    assert refused.value.reason.endswith(".")


def test_an_order_is_named_by_the_id_that_the_venue_gave_it() -> None:
    assert by_id("8886774") == {"orderId": "8886774"}
    assert by_id("algo-2148719") == {"algoId": "2148719"}
    assert by_client_id("o-1", algo=False) == {"origClientOrderId": "o-1"}
    assert by_client_id("o-1", algo=True) == {"clientAlgoId": "o-1"}


def test_orders_that_wait_are_cancelled_and_asked_for_in_the_algo_service() -> None:
    names = by_id("algo-7")
    assert cancel(PERP, names, algo=True) == Request("DELETE", "/fapi/v1/algoOrder", {"algoId": "7"})
    assert query(PERP, names, algo=True) == Request("GET", "/fapi/v1/algoOrder", {"algoId": "7"})
    ordinary = cancel(PERP, by_id("7"), algo=False)
    assert (ordinary.path, ordinary.parameters) == ("/fapi/v1/order", {"symbol": "BTCUSDT", "orderId": "7"})
    assert cancel(SPOT, by_id("7"), algo=False).path == "/api/v3/order"


def test_a_futures_limit_order_changes_its_price_and_quantity() -> None:
    order = _order(PERP, **LIMIT)
    new = Terms(
        instrument=PERP.id,
        side="buy",
        quantity=Decimal(1),
        order_type="limit",
        limit_price=Decimal("40001.5"),
    )
    request = amend(PERP, order, new, by_id("7"), waits=False)
    assert (request.method, request.path) == ("PUT", "/fapi/v1/order")
    assert request.parameters == {
        "symbol": "BTCUSDT",
        "orderId": "7",
        "side": "BUY",
        "quantity": "1",
        "price": "40001.5",
    }


def test_a_spot_order_can_become_smaller_and_keeps_its_name() -> None:
    order = _order(SPOT, **LIMIT)
    smaller = _order(SPOT, **LIMIT | {"quantity": Decimal("0.25")}).terms
    request = amend(SPOT, order, smaller, by_id("7"), waits=False)
    assert (request.method, request.path) == ("PUT", "/api/v3/order/amend/keepPriority")
    assert request.parameters == {
        "symbol": "BTCUSDT",
        "orderId": "7",
        "newQty": "0.25",
        "newClientOrderId": "o-1",
    }


@pytest.mark.parametrize(
    ("instrument", "old", "changed", "waits", "code"),
    [
        (SPOT, LIMIT, {"limit_price": Decimal(1)}, False, "amend"),
        (SPOT, LIMIT, {"quantity": Decimal(2)}, False, "amend"),
        (PERP, STOP, {"stop_price": Decimal(1)}, True, "conditional"),
        (PERP, STOP_LIMIT, {"stop_price": Decimal(1)}, False, "amend"),
    ],
)
def test_what_the_venue_cannot_change_is_refused_before_it_is_sent(
    instrument: Instrument, old: dict[str, Any], changed: dict[str, Any], waits: bool, code: str
) -> None:
    order = _order(instrument, **old)
    terms = _order(instrument, **old | changed).terms
    with pytest.raises(Unsupported) as refused:
        amend(instrument, order, terms, by_id("7"), waits=waits)
    assert refused.value.code == code


def test_only_spot_and_linear_contracts_have_a_market_here() -> None:
    assert market_of(SPOT) == "spot"
    assert market_of(PERP) == "usdm"
    with pytest.raises(Unsupported, match="USDⓈ-M"):
        market_of(INVERSE)
