"""Whatever is sent, the answer is the venue's: never a broken server."""

from __future__ import annotations

import random

import aiohttp

from candlewick.venues.sim.server.venue import ROUTES
from tests.venues.sim.server.conftest import one_venue, run_exchange
from tests.venues.sim.server.signer import signer

NAMES = (
    "symbol", "side", "type", "timeInForce", "quantity", "price", "stopPrice", "quoteOrderQty",
    "newClientOrderId", "trailingDelta", "orderId", "origClientOrderId", "newQty", "cancelReplaceMode",
    "cancelOrderId", "aboveType", "abovePrice", "aboveStopPrice", "belowType", "belowStopPrice",
    "belowPrice", "orderListId", "listClientOrderId", "limit", "fromId", "startTime", "endTime",
    "listenKey", "algoType", "triggerPrice", "callbackRate", "activatePrice", "clientAlgoId", "algoId",
    "workingType", "closePosition", "reduceOnly", "leverage", "marginType", "amount", "goodTillDate",
    "batchOrders", "orderIdList", "incomeType", "page", "newOrderRespType", "omitZeroBalances",
)  # fmt: skip
SENSE = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "quantity": "0.01",
    "price": "60000",
    "algoType": "CONDITIONAL",
    "cancelReplaceMode": "ALLOW_FAILURE",
    "aboveType": "LIMIT_MAKER",
    "belowType": "STOP_LOSS",
    "marginType": "ISOLATED",
    "leverage": "5",
    "amount": "1",
}
VALUES = (
    "0", "1", "-1", "0.01", "60000", "59000.1", "99999999999999999999", "1e5", "NaN", "BUY", "SELL",
    "LIMIT", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "STOP_MARKET", "TAKE_PROFIT_MARKET",
    "TRAILING_STOP_MARKET", "LIMIT_MAKER", "GTC", "IOC", "FOK", "GTX", "GTD", "true", "false", "[]", "{}",
    "[1]", "[{}]", "null", "☃", "x", "MARK_PRICE", "ISOLATED", "CROSSED", "BTCUSDT", "ETHUSDT",
)  # fmt: skip


async def test_nonsense_is_refused_and_never_breaks_the_server() -> None:
    with run_exchange(one_venue()) as running:
        for front in running.exchange.venues[0].fronts.values():
            front.limiter.limit = 10**9  # limits are not what is tried here
        async with aiohttp.ClientSession(running.http) as client:
            await _talk_nonsense(client, random.Random(20))


async def _talk_nonsense(client: aiohttp.ClientSession, rng: random.Random) -> None:
    mallory = await signer(client, "mallory")
    for route in (*ROUTES["spot"], *ROUTES["perp"]):
        for _ in range(12):
            sent = {name: SENSE[name] for name in SENSE if rng.random() < 0.8}
            sent |= {name: rng.choice(VALUES) for name in rng.sample(NAMES, rng.randrange(5))}
            answer = await mallory(route.verb, route.path, **sent)
            assert answer.status in (200, 400, 409, 429), (route.path, sent, answer.status)
            if answer.status != 200:
                assert {"code", "msg"} <= answer.body.keys()
    async with client.get("/api/v3/ping") as response:
        assert response.status == 200
