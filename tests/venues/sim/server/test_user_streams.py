"""Users' events: by listen key, by subscription, and as the faults leave them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from candlewick.venues.sim.refusal import Refusal
from candlewick.venues.sim.server.hub import Hub
from candlewick.venues.sim.server.streams import Stream
from candlewick.venues.sim.server.user_streams import LISTEN_KEY_MS, UserStreams
from tests.venues.sim.server.conftest import one_venue, run_exchange
from tests.venues.sim.server.signer import Signer, now_ms, pem_of, signer

WAIT_S = 60.0
BUY = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01"}


@pytest.fixture
async def alice(client: aiohttp.ClientSession, request: pytest.FixtureRequest) -> Signer:
    return await signer(client, request.node.name)


@pytest.fixture
async def faulty() -> AsyncIterator[aiohttp.ClientSession]:
    """An exchange of the test's own, to be disturbed."""
    with run_exchange(one_venue()) as running:
        async with aiohttp.ClientSession(running.http) as client:
            yield client


async def ask(ws: Any, question: dict[str, Any]) -> Any:
    """The answer to a question; events that come before it are skipped."""
    await ws.send_json(question)
    while True:
        answer = await ws.receive_json(timeout=WAIT_S)
        if answer.get("id") == question["id"]:
            return answer


async def events(ws: Any, last: str) -> list[Any]:
    """What is heard until an event of that kind."""
    heard: list[Any] = []
    while not heard or heard[-1]["e"] != last:
        message = await ws.receive_json(timeout=WAIT_S)
        heard.append(message.get("event") or message.get("data") or message)
    return heard


@pytest.mark.parametrize(
    ("path", "stream", "order", "kinds"),
    [
        (
            "/api/v3/userDataStream",
            "/ws/{}",
            "/api/v3/order",
            ["executionReport", "executionReport", "outboundAccountPosition"],
        ),
        (
            "/api/v3/userDataStream",
            "/stream?streams={}",
            "/api/v3/order",
            ["executionReport", "executionReport", "outboundAccountPosition"],
        ),
        (
            "/fapi/v1/listenKey",
            "/fapi/ws/{}",
            "/fapi/v1/order",
            ["ORDER_TRADE_UPDATE", "ACCOUNT_UPDATE"],
        ),
        (
            "/fapi/v1/listenKey",
            "/fapi/private/ws?listenKey={}",
            "/fapi/v1/order",
            ["ORDER_TRADE_UPDATE", "ACCOUNT_UPDATE"],
        ),
    ],
)
async def test_a_listen_key_opens_the_accounts_events(
    client: aiohttp.ClientSession, alice: Signer, path: str, stream: str, order: str, kinds: list[str]
) -> None:
    key = (await alice.raw("POST", path, "")).body["listenKey"]
    assert (await alice.raw("POST", path, "")).body["listenKey"] == key
    async with client.ws_connect(stream.format(key)) as ws:
        placed = (await alice("POST", order, **BUY)).body
        heard = await events(ws, kinds[-1])
    assert [each["e"] for each in heard] == kinds
    first = heard[0].get("o", heard[0]) if isinstance(heard[0].get("o"), dict) else heard[0]
    assert (first["i"], first["x"], first["X"]) == (placed["orderId"], "NEW", "NEW")


async def test_a_listen_key_is_kept_and_closed(alice: Signer) -> None:
    path = "/api/v3/userDataStream"
    key = (await alice.raw("POST", path, "")).body["listenKey"]
    assert (await alice.raw("PUT", path, f"listenKey={key}")).body == {}
    assert (await alice.raw("DELETE", path, f"listenKey={key}")).body == {}
    assert (await alice.raw("PUT", path, f"listenKey={key}")).code == -1125
    assert (await alice.raw("PUT", "/fapi/v1/listenKey", "")).code == -1125


async def test_a_stranger_hears_nothing(client: aiohttp.ClientSession, alice: Signer) -> None:
    stranger = await signer(client, "eavesdropper")
    async with client.ws_connect("/ws-api/v3") as ws:
        await ask(ws, stranger.question("userDataStream.subscribe.signature"))
        await alice("POST", "/api/v3/order", **BUY)
        await stranger("POST", "/api/v3/order", **BUY, newClientOrderId="own")
        heard = await events(ws, "executionReport")
    assert heard[0]["c"] == "own"


def test_a_listen_key_that_nobody_keeps_ends_with_a_word() -> None:
    class Ear:
        combined, faulty = False, False
        heard: list[Any]

        def __init__(self) -> None:
            self.heard = []

        def send(self, framed: bytes) -> None:
            self.heard.append(orjson.loads(framed[2:] if framed[1] < 126 else framed[4:]))

        def send_faulty(self, stream: str, payload: bytes) -> None:
            raise AssertionError("nothing is faulty here")

    hub, ear = Hub(), Ear()
    streams = UserStreams(hub)
    key = streams.open("alice", 1000)
    hub.subscribe(Stream(key, "user", None, 0), ear)
    streams.keep("alice", key, 2000)
    streams.expire(2000 + LISTEN_KEY_MS - 1, 7)
    assert streams.known(key)
    streams.expire(2000 + LISTEN_KEY_MS, 7)
    assert not streams.known(key)
    assert ear.heard == [{"e": "listenKeyExpired", "E": 7, "listenKey": key}]
    with pytest.raises(Refusal):
        streams.keep("alice", key, 3000)
    with pytest.raises(Refusal):
        streams.keep("bob", streams.open("alice", 1), 3000)


async def test_a_signed_subscription_brings_events_beside_answers(
    client: aiohttp.ClientSession, alice: Signer
) -> None:
    async with client.ws_connect("/ws-api/v3") as ws:
        opened = await ask(ws, alice.question("userDataStream.subscribe.signature"))
        assert opened["result"] == {"subscriptionId": 0}
        twice = await ask(ws, alice.question("userDataStream.subscribe.signature", 2))
        assert twice["error"]["code"] == -2035
        await ws.send_json(alice.question("order.place", 3, **BUY))
        messages: list[Any] = []
        while not any(each.get("id") == 3 for each in messages):
            messages.append(await ws.receive_json(timeout=WAIT_S))
        answer = messages[-1]
        assert answer["result"]["status"] == "FILLED"
        assert {row["rateLimitType"] for row in answer["rateLimits"]} == {"REQUEST_WEIGHT", "ORDERS"}
        heard = messages[:-1]
        assert {each["subscriptionId"] for each in heard} == {0}
        assert {each["event"]["e"] for each in heard} == {"executionReport", "outboundAccountPosition"}
        assert (await ask(ws, {"id": 4, "method": "session.subscriptions"}))["result"] == [
            {"subscriptionId": 0}
        ]
        gone = await ask(
            ws, {"id": 5, "method": "userDataStream.unsubscribe", "params": {"subscriptionId": 0}}
        )
        assert gone["result"] == {}
        await alice("POST", "/api/v3/order", **BUY)
        pong = await ask(ws, {"id": 6, "method": "ping"})
        assert pong["result"] == {}


async def test_a_session_signs_on_once_for_all(client: aiohttp.ClientSession) -> None:
    private = Ed25519PrivateKey.generate()
    carol = await signer(client, "carol of the sockets", publicKey=pem_of(private))
    carol.private = private
    async with client.ws_connect("/ws-api/v3") as ws:
        refused = await ask(ws, {"id": 1, "method": "userDataStream.subscribe"})
        assert refused["error"]["code"] == -1002
        on = await ask(ws, carol.question("session.logon", 2))
        assert on["result"]["apiKey"] == carol.api_key
        opened = await ask(ws, {"id": 3, "method": "userDataStream.subscribe"})
        assert opened["result"] == {"subscriptionId": 0}
        question = {"id": 4, "method": "account.status", "params": {"timestamp": now_ms()}}
        assert (await ask(ws, question))["result"]["accountType"] == "SPOT"
        await ask(ws, {"id": 5, "method": "session.logout"})
        question = {"id": 6, "method": "account.status", "params": {"timestamp": now_ms()}}
        assert (await ask(ws, question))["error"]["code"] == -2014


async def test_a_shared_secret_cannot_sign_a_session_on(client: aiohttp.ClientSession, alice: Signer) -> None:
    async with client.ws_connect("/ws-api/v3") as ws:
        assert (await ask(ws, alice.question("session.logon")))["error"]["code"] == -4056


async def _misbehave(client: aiohttp.ClientSession, **faults: object) -> None:
    async with client.post("/sim/misbehave", json=faults) as response:
        assert response.status == 200, await response.text()


@pytest.mark.parametrize("road", ["listen key", "subscription"])
async def test_users_events_alone_are_dropped_or_doubled(faulty: aiohttp.ClientSession, road: str) -> None:
    alice = await signer(faulty, "alice")
    if road == "listen key":
        key = (await alice.raw("POST", "/api/v3/userDataStream", "")).body["listenKey"]
        ws = await faulty.ws_connect(f"/ws/{key}")
    else:
        ws = await faulty.ws_connect("/ws-api/v3")
        await ask(ws, alice.question("userDataStream.subscribe.signature"))
    await _misbehave(faulty, user_drop=1)
    await alice("POST", "/api/v3/order", **BUY)
    await _misbehave(faulty, user_duplicate=1)
    placed = (await alice("POST", "/api/v3/order", **BUY)).body
    heard = await events(ws, "outboundAccountPosition")
    reports = [each for each in heard if each["e"] == "executionReport"]
    assert {each["i"] for each in reports} == {placed["orderId"]}
    assert [each["x"] for each in reports[:4]] == ["NEW", "NEW", "TRADE", "TRADE"]
    await ws.close()


@pytest.mark.parametrize("road", ["listen key", "subscription"])
async def test_users_connections_alone_are_cut(faulty: aiohttp.ClientSession, road: str) -> None:
    alice = await signer(faulty, "alice")
    public = await faulty.ws_connect("/ws/btcusdt@depth@100ms")
    if road == "listen key":
        key = (await alice.raw("POST", "/api/v3/userDataStream", "")).body["listenKey"]
        ws = await faulty.ws_connect(f"/ws/{key}")
    else:
        ws = await faulty.ws_connect("/ws-api/v3")
        await ask(ws, alice.question("userDataStream.subscribe.signature"))
    await _misbehave(faulty, user_disconnect="50ms")
    async with asyncio.timeout(WAIT_S):
        message = await ws.receive()
    assert message.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.ERROR)
    assert (await public.receive_json(timeout=WAIT_S))["e"] == "depthUpdate"
    await public.close()


async def test_late_events_keep_their_order(faulty: aiohttp.ClientSession) -> None:
    alice = await signer(faulty, "alice")
    async with faulty.ws_connect("/ws-api/v3") as ws:
        await ask(ws, alice.question("userDataStream.subscribe.signature"))
        await _misbehave(faulty, user_delay="30ms")
        placed = [(await alice("POST", "/api/v3/order", **BUY)).body["orderId"] for _ in range(3)]
        news: list[int] = []
        while len(news) < len(placed):
            event = (await ws.receive_json(timeout=WAIT_S))["event"]
            if event["e"] == "executionReport" and event["x"] == "NEW":
                news.append(event["i"])
    assert news == placed
