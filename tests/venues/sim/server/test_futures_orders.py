"""USDⓈ-M orders over REST: the venue's answers, and its words when something is wrong."""

from __future__ import annotations

from typing import Any

import aiohttp
import orjson
import pytest

from tests.venues.sim.server.signer import Answer, Signer, now_ms, signer

ORDER, ALGO = "/fapi/v1/order", "/fapi/v1/algoOrder"
SYMBOL = "ETHUSDT"


@pytest.fixture
async def alice(client: aiohttp.ClientSession, request: pytest.FixtureRequest) -> Signer:
    return await signer(client, request.node.name)


async def last(alice: Signer) -> float:
    return float((await alice.raw("GET", "/fapi/v1/ticker/price", f"symbol={SYMBOL}")).body["price"])


async def limit(alice: Signer, side: str = "BUY", times: float = 0.9, **more: Any) -> Answer:
    """A limit order at a multiple of the last price."""
    terms = {"symbol": SYMBOL, "side": side, "type": "LIMIT", "timeInForce": "GTC", "quantity": "1"}
    return await alice("POST", ORDER, **terms | {"price": f"{await last(alice) * times:.2f}"} | more)


async def market(alice: Signer, side: str = "BUY", quantity: str = "1", **more: Any) -> Answer:
    terms = {"symbol": SYMBOL, "side": side, "type": "MARKET", "quantity": quantity}
    return await alice("POST", ORDER, **terms, newOrderRespType="RESULT", **more)


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        ({"symbol": "NOSUCH"}, -1121, "Invalid symbol."),
        ({"side": "HOLD"}, -1117, "Invalid side."),
        ({"type": "DREAM"}, -1116, "Invalid orderType."),
        ({"type": "STOP_MARKET", "stopPrice": "1"}, -4120, "Algo Order API"),
        ({"timeInForce": "SOON"}, -1115, "Invalid timeInForce."),
        ({"timeInForce": ""}, -1102, "'timeInForce'"),
        ({"quantity": "1.0001"}, -1111, "Precision"),
        ({"quantity": "0"}, -4003, "Quantity less than or equal to zero."),
        ({"price": "2000.001"}, -1111, "Precision"),
        ({"price": "0"}, -4001, "Price less than 0."),
        ({"price": "50000"}, -4016, "can't be higher"),
        ({"side": "SELL", "price": "100"}, -4024, "can't be lower"),
        ({"quantity": "0.001", "price": "100"}, -4164, "no smaller than 5"),
        ({"quantity": "900"}, -2019, "Margin is insufficient."),
        ({"reduceOnly": "true"}, -2022, "ReduceOnly Order is rejected."),
        ({"timeInForce": "GTD"}, -1102, "'goodTillDate'"),
        ({"timeInForce": "GTD", "goodTillDate": "1"}, -5040, "goodTillDate"),
        ({"positionSide": "LONG"}, -4061, "position side"),
    ],
)
async def test_it_refuses_what_is_wrong_with_an_order(
    alice: Signer, changes: dict[str, str], code: int, message: str
) -> None:
    answer = await limit(alice, times=1.0 if "quantity" not in changes else 0.99, **changes)
    assert (answer.status, answer.code) == (400, code), answer.body
    assert message in answer.body["msg"]
    assert (await alice("GET", "/fapi/v1/openOrders")).body == []


async def test_a_new_order_is_answered_as_it_was_taken_unless_the_result_is_wanted(alice: Signer) -> None:
    terms = {"symbol": SYMBOL, "side": "BUY", "type": "MARKET", "quantity": "1"}
    taken = (await alice("POST", ORDER, **terms)).body
    assert (taken["status"], taken["executedQty"]) == ("NEW", "0.000")
    found = (await alice("GET", ORDER, symbol=SYMBOL, orderId=taken["orderId"])).body
    assert (found["status"], found["executedQty"]) == ("FILLED", "1.000")
    result = (await market(alice)).body
    assert (result["status"], result["cumQty"]) == ("FILLED", "1.000")
    assert float(result["avgPrice"]) > 0


async def test_an_order_is_modified_and_refused_in_words(alice: Signer) -> None:
    placed = (await limit(alice)).body
    named = {"symbol": SYMBOL, "orderId": placed["orderId"], "side": "BUY"}
    price = f"{await last(alice) * 0.85:.2f}"
    changed = (await alice("PUT", ORDER, **named, quantity="2", price=price)).body
    assert (changed["origQty"], changed["status"]) == ("2.000", "NEW")
    assert float(changed["price"]) == float(price)
    same = await alice("PUT", ORDER, **named, quantity="2", price=price)
    assert (same.code, same.body["msg"]) == (-5027, "No need to modify the order.")
    assert (await alice("PUT", ORDER, **named | {"side": "SELL"}, quantity="2", price=price)).code == -1117
    await alice("DELETE", ORDER, symbol=SYMBOL, orderId=placed["orderId"])
    assert (await alice("PUT", ORDER, **named, quantity="1", price=price)).code == -2013
    assert (await alice("DELETE", ORDER, symbol=SYMBOL, orderId=placed["orderId"])).code == -2011


async def test_a_batch_takes_each_order_for_itself(alice: Signer) -> None:
    price = f"{await last(alice) * 0.9:.2f}"
    good = {
        "symbol": SYMBOL,
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "1",
        "price": price,
    }
    rows = [good, good | {"quantity": "0"}, good | {"newClientOrderId": "third"}]
    answers = (await alice("POST", "/fapi/v1/batchOrders", batchOrders=orjson.dumps(rows).decode())).body
    assert [each.get("status", each.get("code")) for each in answers] == ["NEW", -4003, "NEW"]
    changes = [
        {"symbol": SYMBOL, "orderId": answers[0]["orderId"], "side": "BUY", "quantity": "2", "price": price}
    ]
    changed = (await alice("PUT", "/fapi/v1/batchOrders", batchOrders=orjson.dumps(changes).decode())).body
    assert changed[0]["origQty"] == "2.000"
    names = {"symbol": SYMBOL, "origClientOrderIdList": '["third","nobody"]'}
    gone = (await alice("DELETE", "/fapi/v1/batchOrders", **names)).body
    assert [each.get("status", each.get("code")) for each in gone] == ["CANCELED", -2011]
    assert (await alice("DELETE", "/fapi/v1/allOpenOrders", symbol=SYMBOL)).body["code"] == 200
    assert (await alice("GET", "/fapi/v1/openOrders", symbol=SYMBOL)).body == []
    too_many = orjson.dumps([good] * 6).decode()
    assert (await alice("POST", "/fapi/v1/batchOrders", batchOrders=too_many)).code == -4082


async def test_conditional_orders_are_placed_listed_and_cancelled(alice: Signer) -> None:
    price = await last(alice)
    stop = {
        "algoType": "CONDITIONAL",
        "symbol": SYMBOL,
        "side": "SELL",
        "type": "STOP_MARKET",
        "quantity": "1",
    }
    placed = (await alice("POST", ALGO, **stop, triggerPrice=f"{price * 0.9:.2f}", clientAlgoId="guard")).body
    assert (placed["algoStatus"], placed["orderType"]) == ("NEW", "STOP_MARKET")
    doubled = await alice("POST", ALGO, **stop, triggerPrice=f"{price * 0.9:.2f}", clientAlgoId="guard")
    assert doubled.code == -4116
    at_once = await alice("POST", ALGO, **stop, triggerPrice=f"{price * 1.1:.2f}")
    assert (at_once.code, at_once.body["msg"]) == (-2021, "Order would immediately trigger.")
    trailing = stop | {"type": "TRAILING_STOP_MARKET", "callbackRate": "1"}
    follows = (await alice("POST", ALGO, **trailing)).body
    assert (follows["callbackRate"], follows["orderType"]) == ("1", "TRAILING_STOP_MARKET")
    assert (await alice("POST", ALGO, **trailing | {"callbackRate": "11"})).code == -2007
    listed = (await alice("GET", "/fapi/v1/openAlgoOrders", symbol=SYMBOL)).body
    assert [each["algoId"] for each in listed] == [placed["algoId"], follows["algoId"]]
    gone = (await alice("DELETE", ALGO, clientAlgoId="guard")).body
    assert (gone["algoId"], gone["msg"]) == (placed["algoId"], "success")
    assert (await alice("DELETE", ALGO, clientAlgoId="guard")).code == -2011
    assert (await alice("GET", ALGO, algoId=placed["algoId"])).body["algoStatus"] == "CANCELED"
    await alice("DELETE", "/fapi/v1/algoOpenOrders", symbol=SYMBOL)
    assert (await alice("GET", "/fapi/v1/openAlgoOrders")).body == []
    assert len((await alice("GET", "/fapi/v1/allAlgoOrders", symbol=SYMBOL)).body) == 2
    closing = stop | {"closePosition": "true", "triggerPrice": f"{price * 0.9:.2f}"}
    assert (await alice("POST", ALGO, **closing)).code == -4136


async def test_a_good_till_date_is_kept_to_the_second(alice: Signer) -> None:
    until = now_ms() + 700_000
    placed = (await limit(alice, timeInForce="GTD", goodTillDate=until)).body
    assert placed["goodTillDate"] == until // 1000 * 1000


async def test_account_position_and_settings_tell_the_same(alice: Signer) -> None:
    assert (await alice("POST", "/fapi/v1/leverage", symbol=SYMBOL, leverage=8)).body["leverage"] == 8
    assert (await alice("POST", "/fapi/v1/leverage", symbol=SYMBOL, leverage=126)).code == -4028
    filled = (await market(alice, quantity="2")).body
    (position,) = (await alice("GET", "/fapi/v3/positionRisk", symbol=SYMBOL)).body
    assert position["positionAmt"] == "2.000"
    assert float(position["entryPrice"]) == pytest.approx(float(filled["avgPrice"]), rel=1e-6)
    (older,) = (await alice("GET", "/fapi/v2/positionRisk", symbol=SYMBOL)).body
    assert (older["leverage"], older["marginType"]) == ("8", "cross")
    (config,) = (await alice("GET", "/fapi/v1/symbolConfig", symbol=SYMBOL)).body
    assert (config["leverage"], config["marginType"]) == (8, "CROSSED")
    account = (await alice("GET", "/fapi/v3/account")).body
    balance = float(account["totalWalletBalance"]) + float(account["totalUnrealizedProfit"])
    assert float(account["totalMarginBalance"]) == pytest.approx(balance, abs=1e-6)
    assert [row["symbol"] for row in account["positions"]] == [SYMBOL]
    every = (await alice("GET", "/fapi/v2/account")).body["positions"]
    assert {row["symbol"]: row["positionAmt"] for row in every}[SYMBOL] == "2.000"
    assert len(every) > 20
    assert (await alice("GET", "/fapi/v1/positionSide/dual")).body == {"dualSidePosition": False}
    assert (await alice("POST", "/fapi/v1/positionSide/dual", dualSidePosition="false")).code == -4059
    assert (await alice("POST", "/fapi/v1/marginType", symbol=SYMBOL, marginType="ISOLATED")).code == -4048


async def test_trades_and_income_tell_the_same_money(alice: Signer) -> None:
    await market(alice, "BUY")
    await market(alice, "SELL")
    trades = (await alice("GET", "/fapi/v1/userTrades", symbol=SYMBOL)).body
    income = (await alice("GET", "/fapi/v1/income", limit=1000)).body
    fees = sum(float(row["income"]) for row in income if row["incomeType"] == "COMMISSION")
    won = sum(float(row["income"]) for row in income if row["incomeType"] == "REALIZED_PNL")
    assert fees == pytest.approx(-sum(float(row["commission"]) for row in trades), abs=1e-7)
    assert won == pytest.approx(sum(float(row["realizedPnl"]) for row in trades), abs=1e-7)
    wallet = float((await alice("GET", "/fapi/v3/account")).body["totalWalletBalance"])
    assert wallet == pytest.approx(100_000 + fees + won, abs=1e-6)
    week = {"symbol": SYMBOL, "startTime": 1, "endTime": 8 * 86_400_000}
    assert (await alice("GET", "/fapi/v1/userTrades", **week)).code == -4165
