"""Spot orders over REST: the venue's answers, and its words when something is wrong."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from tests.venues.sim.server.signer import Answer, Signer, signer

ORDER = "/api/v3/order"
SYMBOL = "ETHUSDT"


@pytest.fixture
async def alice(client: aiohttp.ClientSession, request: pytest.FixtureRequest) -> Signer:
    return await signer(client, request.node.name, spot={"USDT": "100000", "ETH": "10"})


async def last(alice: Signer) -> float:
    return float((await alice.raw("GET", "/api/v3/ticker/price", f"symbol={SYMBOL}")).body["price"])


async def limit(alice: Signer, side: str = "BUY", times: float = 0.9, **more: Any) -> Answer:
    """A limit order at a multiple of the last price."""
    terms = {"symbol": SYMBOL, "side": side, "type": "LIMIT", "timeInForce": "GTC", "quantity": "1"}
    return await alice("POST", ORDER, **terms | {"price": f"{await last(alice) * times:.2f}"} | more)


async def test_the_answer_is_as_long_as_was_asked(alice: Signer) -> None:
    ack = (await limit(alice, newOrderRespType="ACK")).body
    assert set(ack) == {"symbol", "orderId", "orderListId", "clientOrderId", "transactTime"}
    result = (await limit(alice, newOrderRespType="RESULT")).body
    assert (result["status"], result["executedQty"]) == ("NEW", "0.00000000")
    assert "fills" not in result
    market = {"symbol": SYMBOL, "side": "BUY", "type": "MARKET"}
    full = (await alice("POST", ORDER, **market, quantity="0.5")).body
    spent = sum(float(part["price"]) * float(part["qty"]) for part in full["fills"])
    assert float(full["cummulativeQuoteQty"]) == pytest.approx(spent)
    by_quote = (await alice("POST", ORDER, **market, quoteOrderQty="100")).body
    assert 99 < float(by_quote["cummulativeQuoteQty"]) <= 100
    assert by_quote["origQuoteOrderQty"] == "100.00000000"


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        ({"symbol": "NOSUCH"}, -1121, "Invalid symbol."),
        ({"side": "HOLD"}, -1117, "Invalid side."),
        ({"side": ""}, -1102, "'side'"),
        ({"type": "DREAM"}, -1116, "Invalid orderType."),
        ({"timeInForce": "GTX"}, -1115, "Invalid timeInForce."),
        ({"timeInForce": ""}, -1102, "'timeInForce'"),
        ({"quantity": ""}, -1102, "'quantity'"),
        ({"quantity": "-1"}, -1100, "Illegal characters"),
        ({"quantity": "1.000000001"}, -1111, "precision"),
        ({"quantity": "1.00001"}, -1013, "Filter failure: LOT_SIZE"),
        ({"quantity": "0"}, -1013, "Filter failure: LOT_SIZE"),
        ({"price": "2000.001"}, -1013, "Filter failure: PRICE_FILTER"),
        ({"price": "0.01"}, -1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
        ({"quantity": "0.001"}, -1013, "Filter failure: NOTIONAL"),
        ({"quantity": "90"}, -2010, "Account has insufficient balance for requested action."),
        ({"stopPrice": "2000"}, -1106, "'stopPrice'"),
        ({"icebergQty": "1"}, -2010, "Iceberg"),
        ({"newClientOrderId": "not a name"}, -1100, "newClientOrderId"),
        ({"selfTradePreventionMode": "HOPE"}, -1130, "selfTradePreventionMode"),
        ({"colour": "red"}, -1104, "Not all sent parameters were read"),
    ],
)
async def test_it_refuses_what_is_wrong_with_an_order(
    alice: Signer, changes: dict[str, str], code: int, message: str
) -> None:
    for path in (ORDER, f"{ORDER}/test"):
        terms = {"symbol": SYMBOL, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "1"}
        terms |= {"price": f"{await last(alice):.2f}"} | changes
        answer = await alice("POST", path, **terms)
        if path == ORDER or code != -2010 or "Iceberg" in message:
            assert (answer.status, answer.code) == (400, code), answer.body
            assert message in answer.body["msg"]
    assert (await alice("GET", "/api/v3/openOrders")).body == []


@pytest.mark.parametrize("kind", ["STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"])
@pytest.mark.parametrize("side", ["BUY", "SELL"])
async def test_conditional_orders_wait_on_the_right_side_of_the_market(
    alice: Signer, side: str, kind: str
) -> None:
    above = kind.startswith("STOP") == (side == "BUY")
    price = await last(alice)
    terms = {"symbol": SYMBOL, "side": side, "type": kind, "quantity": "1"}
    if kind.endswith("LIMIT"):
        terms |= {"price": f"{price:.2f}", "timeInForce": "GTC"}
    wrong = await alice("POST", ORDER, **terms, stopPrice=f"{price * (0.95 if above else 1.05):.2f}")
    assert (wrong.code, wrong.body["msg"]) == (-2010, "Order would trigger immediately.")
    right = await alice("POST", ORDER, **terms, stopPrice=f"{price * (1.05 if above else 0.95):.2f}")
    assert right.status == 200
    found = (await alice("GET", ORDER, symbol=SYMBOL, orderId=right.body["orderId"])).body
    assert (found["status"], found["isWorking"], found["type"]) == ("NEW", False, kind)
    bare = await alice("POST", ORDER, **terms)
    assert (bare.code, "'trailingDelta'" in bare.body["msg"]) == (-1102, True)
    assert (await alice("POST", ORDER, **terms, trailingDelta="5")).body["msg"] == (
        "Filter failure: TRAILING_DELTA"
    )
    trailing = await alice("POST", ORDER, **terms, trailingDelta="300")
    assert trailing.status == 200


async def test_an_order_is_found_by_number_or_name_and_by_no_other(alice: Signer) -> None:
    placed = (await limit(alice, newClientOrderId="mine")).body
    by_name = await alice("GET", ORDER, symbol=SYMBOL, origClientOrderId="mine")
    assert by_name.body["orderId"] == placed["orderId"]
    assert (await alice("GET", ORDER, symbol=SYMBOL)).code == -1102
    assert (await alice("GET", ORDER, symbol="BTCUSDT", orderId=placed["orderId"])).code == -2013
    assert (await limit(alice, newClientOrderId="mine")).body["msg"] == "Duplicate order sent."
    both = {"symbol": SYMBOL, "orderId": placed["orderId"], "origClientOrderId": "other"}
    assert (await alice("DELETE", ORDER, **both)).code == -2011
    gone = (
        await alice("DELETE", ORDER, symbol=SYMBOL, origClientOrderId="mine", newClientOrderId="end")
    ).body
    assert (gone["origClientOrderId"], gone["clientOrderId"], gone["status"]) == ("mine", "end", "CANCELED")
    assert (await alice("DELETE", ORDER, symbol=SYMBOL, origClientOrderId="mine")).code == -2011


async def test_cancel_restrictions_hold(alice: Signer) -> None:
    placed = (await limit(alice)).body
    named = {"symbol": SYMBOL, "orderId": placed["orderId"]}
    refused = await alice("DELETE", ORDER, **named, cancelRestrictions="ONLY_PARTIALLY_FILLED")
    assert refused.body["msg"] == "Order was not canceled due to cancel restrictions."
    assert (await alice("DELETE", ORDER, **named, cancelRestrictions="ONLY_NEW")).status == 200


async def test_all_open_orders_are_cancelled_at_once(alice: Signer) -> None:
    for times in (0.8, 0.9):
        await limit(alice, times=times)
    gone = (await alice("DELETE", "/api/v3/openOrders", symbol=SYMBOL)).body
    assert [each["status"] for each in gone] == ["CANCELED", "CANCELED"]
    assert (await alice("DELETE", "/api/v3/openOrders", symbol=SYMBOL)).code == -2011
    rows = (await alice("GET", "/api/v3/allOrders", symbol=SYMBOL)).body
    assert [row["orderId"] for row in rows] == sorted(each["orderId"] for each in gone)
    newest = (await alice("GET", "/api/v3/allOrders", symbol=SYMBOL, limit=1)).body
    assert newest == rows[-1:]


async def test_an_order_is_replaced_or_the_parts_that_failed_are_told(alice: Signer) -> None:
    placed = (await limit(alice)).body
    path = f"{ORDER}/cancelReplace"
    terms = {"symbol": SYMBOL, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "2"}
    terms |= {"price": f"{await last(alice) * 0.8:.2f}", "cancelReplaceMode": "STOP_ON_FAILURE"}
    done = (await alice("POST", path, **terms, cancelOrderId=placed["orderId"])).body
    assert (done["cancelResult"], done["newOrderResult"]) == ("SUCCESS", "SUCCESS")
    assert done["cancelResponse"]["orderId"] == placed["orderId"]
    again = await alice("POST", path, **terms, cancelOrderId=placed["orderId"])
    assert (again.status, again.code) == (400, -2022)
    assert again.body["data"]["newOrderResult"] == "NOT_ATTEMPTED"
    assert again.body["data"]["cancelResponse"]["code"] == -2011
    terms |= {"cancelReplaceMode": "ALLOW_FAILURE"}
    half = await alice("POST", path, **terms, cancelOrderId=placed["orderId"])
    assert (half.status, half.code) == (409, -2021)
    assert half.body["data"]["newOrderResponse"]["status"] == "NEW"
    terms |= {"quantity": "90"}
    half = await alice("POST", path, **terms, cancelOrderId=done["newOrderResponse"]["orderId"])
    assert (half.code, half.body["data"]["cancelResult"]) == (-2021, "SUCCESS")
    assert half.body["data"]["newOrderResponse"]["code"] == -2010


async def test_an_amended_order_takes_a_new_name_unless_it_is_given_one(alice: Signer) -> None:
    path = f"{ORDER}/amend/keepPriority"
    placed = (await limit(alice, newClientOrderId="first")).body
    named = {"symbol": SYMBOL, "orderId": placed["orderId"]}
    kept = (await alice("PUT", path, **named, newQty="0.8", newClientOrderId="first")).body["amendedOrder"]
    assert (kept["qty"], kept["clientOrderId"]) == ("0.80000000", "first")
    renamed = (await alice("PUT", path, **named, newQty="0.5")).body["amendedOrder"]
    assert (renamed["origClientOrderId"], renamed["clientOrderId"] != "first") == ("first", True)
    assert (await alice("GET", ORDER, symbol=SYMBOL, origClientOrderId="first")).code == -2013
    for size in ("0.5", "2"):
        assert (await alice("PUT", path, **named, newQty=size)).code == -2038


async def test_a_pair_is_placed_found_and_cancelled(alice: Signer) -> None:
    price = await last(alice)
    terms = {
        "symbol": SYMBOL,
        "side": "SELL",
        "quantity": "1",
        "aboveType": "LIMIT_MAKER",
        "abovePrice": f"{price * 1.05:.2f}",
        "belowType": "STOP_LOSS_LIMIT",
        "belowStopPrice": f"{price * 0.95:.2f}",
        "belowPrice": f"{price * 0.94:.2f}",
        "belowTimeInForce": "GTC",
        "listClientOrderId": "both",
    }
    made = (await alice("POST", "/api/v3/orderList/oco", **terms)).body
    assert (made["contingencyType"], made["listOrderStatus"]) == ("OCO", "EXECUTING")
    assert {each["type"] for each in made["orderReports"]} == {"LIMIT_MAKER", "STOP_LOSS_LIMIT"}
    found = (await alice("GET", "/api/v3/orderList", origClientOrderId="both")).body
    assert found["orderListId"] == made["orderListId"]
    assert len((await alice("GET", "/api/v3/openOrderList")).body) == 1
    gone = await alice("DELETE", "/api/v3/orderList", symbol=SYMBOL, orderListId=made["orderListId"])
    assert gone.body["listOrderStatus"] == "ALL_DONE"
    assert (await alice("GET", "/api/v3/openOrderList")).body == []
    assert len((await alice("GET", "/api/v3/allOrderList")).body) == 1
    crossed = terms | {"belowStopPrice": f"{price * 1.06:.2f}"}
    assert (await alice("POST", "/api/v3/orderList/oco", **crossed)).code == -2010
    turned = terms | {"side": "BUY"}
    assert (await alice("POST", "/api/v3/orderList/oco", **turned)).code == -1165
