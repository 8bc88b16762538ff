"""The WebSocket API's public half."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

WAIT_S = 60.0


async def ask(client: aiohttp.ClientSession, question: Any, path: str = "/ws-api/v3") -> Any:
    async with client.ws_connect(path) as ws:
        await (ws.send_str(question) if isinstance(question, str) else ws.send_json(question))
        return await ws.receive_json(timeout=WAIT_S)


async def test_it_answers_as_rest_does(client: aiohttp.ClientSession) -> None:
    start = 1_700_000_000_000
    params: dict[str, str | int] = {"symbol": "BTCUSDT", "interval": "1h", "startTime": start, "limit": 3}
    answer = await ask(client, {"id": "a", "method": "klines", "params": params})
    async with client.get("/api/v3/klines", params=params) as response:
        assert answer["result"] == await response.json(content_type=None)
    assert (answer["id"], answer["status"]) == ("a", 200)
    (limit,) = answer["rateLimits"]
    assert limit["limit"] == 6000
    assert limit["count"] >= 2


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("ping", {}),
        ("time", {}),
        ("exchangeInfo", {"symbols": ["BTCUSDT", "ETHUSDT"]}),
        ("depth", {"symbol": "BTCUSDT", "limit": 5}),
        ("trades.recent", {"symbol": "BTCUSDT", "limit": 5}),
        ("trades.historical", {"symbol": "BTCUSDT", "fromId": 1, "limit": 5}),
        ("trades.aggregate", {"symbol": "BTCUSDT", "limit": 5}),
        ("uiKlines", {"symbol": "BTCUSDT", "interval": "1m", "limit": 5}),
        ("avgPrice", {"symbol": "BTCUSDT"}),
        ("ticker.24hr", {"symbol": "BTCUSDT"}),
        ("ticker.price", {"symbol": "BTCUSDT"}),
        ("ticker.book", {"symbol": "BTCUSDT", "returnRateLimits": False}),
    ],
)
async def test_it_knows_the_public_methods(client: aiohttp.ClientSession, method: str, params: Any) -> None:
    answer = await ask(client, {"id": 1, "method": method, "params": params})
    assert answer["status"] == 200, answer
    assert "result" in answer


async def test_futures_have_their_own(client: aiohttp.ClientSession) -> None:
    question = {"id": 1, "method": "depth", "params": {"symbol": "BTCUSDT", "limit": 5}}
    assert "E" in (await ask(client, question, "/ws-fapi/v1"))["result"]
    assert (await ask(client, {"id": 1, "method": "klines"}, "/ws-fapi/v1"))["error"]["code"] == -1020


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ("{oops", -1135),
        ([], -1135),
        ({"id": 1, "method": "order.dream", "params": {}}, -1020),
        ({"id": 1, "method": "depth", "params": []}, -1135),
        ({"id": 1, "method": "depth"}, -1102),
        ({"id": 1, "method": "depth", "params": {"symbol": "NOSUCH"}}, -1121),
        ({"id": 1, "method": "depth", "params": {"symbol": "BTCUSDT", "limit": -1}}, -1100),
        ({"id": 1, "method": "ping", "params": {"loud": True}}, -1101),
    ],
)
async def test_it_refuses_in_the_venues_own_codes(
    client: aiohttp.ClientSession, question: Any, code: int
) -> None:
    answer = await ask(client, question)
    assert (answer["status"], answer["error"]["code"]) == (400, code)
