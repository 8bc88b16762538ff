"""Signed requests: who may ask, how often, and what is said to the others."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from candlewick.core.errors import ConfigError
from candlewick.venues.sim.server.app import Exchange
from candlewick.venues.sim.server.keys import read_keys
from tests.venues.sim.server.conftest import one_venue, run_exchange
from tests.venues.sim.server.signer import Signer, now_ms, pem_of, signer

SPOT, FUTURES = "/api/v3/account", "/fapi/v3/account"


@pytest.fixture
async def alice(client: aiohttp.ClientSession, request: pytest.FixtureRequest) -> Signer:
    return await signer(client, request.node.name)


@pytest.fixture
async def quiet() -> AsyncIterator[aiohttp.ClientSession]:
    """An exchange of the test's own, whose limits it may use up."""
    with run_exchange(one_venue()) as running:
        async with aiohttp.ClientSession(running.http) as client:
            yield client


@pytest.mark.parametrize("path", [SPOT, FUTURES])
async def test_it_knows_its_keys(alice: Signer, path: str) -> None:
    assert (await alice("GET", path)).status == 200
    alice.api_key = "stranger" * 8
    answer = await alice("GET", path)
    assert (answer.status, answer.code) == (401, -2015)
    alice.api_key = "odd key!"
    answer = await alice("GET", path)
    assert (answer.status, answer.code) == (401, -2014)


@pytest.mark.parametrize("path", [SPOT, FUTURES])
async def test_it_refuses_what_was_not_signed_with_the_key(alice: Signer, path: str) -> None:
    query = alice.query()
    changed = query.replace("signature=", "recvWindow=6000&signature=")
    assert (await alice.raw("GET", path, changed)).code == -1022
    assert (await alice.raw("GET", path, query.partition("&signature")[0])).code == -1102
    alice.secret = "guessed"
    answer = await alice("GET", path)
    assert (answer.status, answer.code) == (400, -1022)


@pytest.mark.parametrize("path", [SPOT, FUTURES])
async def test_it_refuses_what_was_not_sent_just_now(alice: Signer, path: str) -> None:
    assert (await alice("GET", path, timestamp=now_ms() - 6_000)).code == -1021
    assert (await alice("GET", path, timestamp=now_ms() - 6_000, recvWindow=50_000)).status == 200
    early = await alice("GET", path, timestamp=now_ms() + 5_000)
    assert (early.code, "ahead" in early.body["msg"]) == (-1021, True)
    assert (await alice("GET", path, recvWindow=60_001)).code == -1131
    assert (await alice.raw("GET", path, "signature=0")).code == -1102


async def test_what_is_signed_may_lie_in_query_body_or_both(alice: Signer) -> None:
    terms = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC"
    rest = f"quantity=1&price=40000&timestamp={now_ms()}"
    for query, body in ((terms, rest), ("", f"{terms}&{rest}")):
        signature = alice.sign(query + body)
        answer = await alice.raw("POST", "/api/v3/order/test", query, f"{body}&signature={signature}")
        assert (answer.status, answer.body) == (200, {})


async def test_a_key_opens_only_what_it_may(client: aiohttp.ClientSession) -> None:
    reader = await signer(client, "reader", permissions=["read"])
    assert (await reader("GET", SPOT)).status == 200
    for path in ("/api/v3/order", "/fapi/v1/order"):
        answer = await reader("POST", path, symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.01")
        assert (answer.status, answer.code) == (401, -2015)


async def test_an_ed25519_key_signs_too(client: aiohttp.ClientSession) -> None:
    private = Ed25519PrivateKey.generate()
    carol = await signer(client, "carol", publicKey=pem_of(private))
    carol.private = private
    assert (await carol("GET", SPOT)).status == 200
    carol.private = Ed25519PrivateKey.generate()
    assert (await carol("GET", SPOT)).code == -1022


async def test_two_keys_of_one_account_see_the_same_and_strangers_see_nothing(
    client: aiohttp.ClientSession, alice: Signer, request: pytest.FixtureRequest
) -> None:
    again = await signer(client, request.node.name)
    stranger = await signer(client, "stranger")
    terms = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
    placed = await alice("POST", "/api/v3/order", **terms, quantity="0.01", price="40000")
    assert [each["orderId"] for each in (await again("GET", "/api/v3/openOrders")).body] == [
        placed.body["orderId"]
    ]
    assert (await stranger("GET", "/api/v3/openOrders")).body == []
    named = {"symbol": "BTCUSDT", "orderId": placed.body["orderId"]}
    assert (await stranger("GET", "/api/v3/order", **named)).code == -2013
    assert (await stranger("DELETE", "/api/v3/order", **named)).code == -2011
    assert (await again("DELETE", "/api/v3/order", **named)).body["status"] == "CANCELED"


@pytest.mark.parametrize(
    ("wanted", "what"),
    [
        ({"apiKey": "short"}, "apiKey"),
        ({"permissions": ["withdraw"]}, "permissions"),
        ({"publicKey": "no pem"}, "PEM"),
        ({"spot": {"USDT": "much"}}, "amount"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_a_key_that_makes_no_sense_is_refused_in_a_sentence(
    client: aiohttp.ClientSession, wanted: dict[str, Any], what: str
) -> None:
    async with client.post("/sim/keys", json=wanted) as response:
        assert response.status == 400
        assert what in (await response.json())["error"]


async def test_a_key_is_made_once(client: aiohttp.ClientSession, alice: Signer) -> None:
    async with client.post("/sim/keys", json={"apiKey": alice.api_key}) as response:
        assert response.status == 400
    async with client.post("/sim/keys", data="{}") as response:  # as a foreign page could send it
        assert response.status == 403


async def test_keys_are_declared_in_a_file(tmp_path: Path) -> None:
    declared = {"account": "bot", "apiKey": "declared-key", "secret": "declared-secret", "spot": {"BTC": 2}}
    file = tmp_path / "keys.json"
    file.write_bytes(orjson.dumps([declared]))
    with run_exchange(one_venue(keys=read_keys(file))) as running:
        async with aiohttp.ClientSession(running.http) as client:
            found = await Signer(client, "declared-key", "declared-secret")("GET", SPOT)
    assert [(row["asset"], row["free"]) for row in found.body["balances"]] == [("BTC", "2.00000000")]


@pytest.mark.parametrize(
    ("content", "what"),
    [("oops", "no JSON"), ("{}", "list of objects"), ('[{"account": "bot"}]', "has its apiKey")],
)
def test_a_file_of_keys_that_makes_no_sense_is_refused(tmp_path: Path, content: str, what: str) -> None:
    file = tmp_path / "keys.json"
    file.write_text(content)
    with pytest.raises(ConfigError, match=what):
        Exchange(one_venue(keys=read_keys(file)))
    with pytest.raises(ConfigError, match="cannot be read"):
        read_keys(tmp_path / "nowhere")


async def test_money_comes_and_goes(client: aiohttp.ClientSession, alice: Signer, request: Any) -> None:
    account = request.node.name
    for market, amount in (("spot", "250.5"), ("futures", "-1000")):
        wanted = {"account": account, "market": market, "asset": "USDT", "amount": amount}
        async with client.post("/sim/money", json=wanted) as response:
            assert response.status == 200
    async with client.post("/sim/money", json=wanted | {"amount": "-1000000"}) as response:
        assert "insufficient" in (await response.json())["error"]
    (usdt,) = (await alice("GET", SPOT)).body["balances"]
    assert usdt["free"] == "100250.50000000"
    assert (await alice("GET", FUTURES)).body["totalWalletBalance"] == "99000.00000000"


async def test_orders_are_counted_and_limited(quiet: aiohttp.ClientSession) -> None:
    alice = await signer(quiet, "alice")
    terms = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "IOC"}
    answers = [
        await alice("POST", "/api/v3/order", **terms, quantity="0.001", price="40000") for _ in range(205)
    ]
    refused = [answer for answer in answers if answer.status == 429]
    assert refused, "of 205 orders at least five fall into a window that was full"
    assert refused[0].code == -1015
    assert 1 <= int(refused[0].headers["Retry-After"]) <= 10
    assert int(answers[0].headers["x-mbx-order-count-10s"]) >= 1
    assert int(answers[-1].headers["x-mbx-order-count-1d"]) >= 100
    counts = (await alice("GET", "/api/v3/rateLimit/order")).body
    assert {row["interval"] for row in counts} == {"SECOND", "DAY"}


async def _misbehave(client: aiohttp.ClientSession, **faults: object) -> None:
    async with client.post("/sim/misbehave", json=faults) as response:
        assert response.status == 200, await response.text()


async def test_an_order_may_be_done_while_nobody_can_say_so(quiet: aiohttp.ClientSession) -> None:
    alice = await signer(quiet, "alice")
    terms = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01"}
    named = {"symbol": "BTCUSDT", "origClientOrderId": "mine"}
    await _misbehave(quiet, lost=1)
    for prefix in ("/api/v3", "/fapi/v1"):
        answer = await alice("POST", f"{prefix}/order", **terms, newClientOrderId="mine")
        assert (answer.status, answer.code) == (503, -1007)
        assert (await alice("GET", f"{prefix}/order", **named)).code == -2013
    await _misbehave(quiet, unknown=1)
    for prefix in ("/api/v3", "/fapi/v1"):
        answer = await alice("POST", f"{prefix}/order", **terms, newClientOrderId="mine")
        assert (answer.status, answer.code) == (503, -1007)
        assert (await alice("GET", f"{prefix}/order", **named)).body["status"] == "FILLED"


async def test_public_questions_need_no_key(client: aiohttp.ClientSession) -> None:
    async with client.get("/api/v3/ping") as response:
        assert response.status == 200
    async with client.get(SPOT) as response:
        assert response.status == 401
