"""`/api/watchlist/`: a person's own symbols, in their order."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from django.test import Client

from candlewick.store.models import WATCHLIST_LIMIT, Role
from tests.web.api.ground import problem, put
from tests.web.conftest import Browser, Person

pytestmark = pytest.mark.usefixtures("engine_knows")


def test_a_newcomer_watches_the_majors(client: Client) -> None:
    assert orjson.loads(client.get("/api/watchlist/").content) == {
        "symbols": ["BTCUSDT", "ETHUSDT", "SOLUSDT", "BTCUSDT-PERP"]
    }


def test_a_watchlist_is_kept_in_order_and_per_person(
    browser: Browser, person: Person, client: Client
) -> None:
    wanted = {"symbols": ["sim-east:BTCUSDT", "eth/usdt", "BTCUSDT", "ETHUSDT"]}
    kept = {"symbols": ["sim-east:BTCUSDT", "ETHUSDT", "BTCUSDT"]}
    assert orjson.loads(put(client, "/api/watchlist/", wanted).content) == kept
    assert orjson.loads(client.get("/api/watchlist/").content) == kept
    other = browser(person(Role.OWNER))
    assert orjson.loads(other.get("/api/watchlist/").content) != kept


def test_an_emptied_watchlist_stays_empty(client: Client) -> None:
    put(client, "/api/watchlist/", {"symbols": []})
    assert orjson.loads(client.get("/api/watchlist/").content) == {"symbols": []}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"symbols": ["NOPE"]}, 404),
        ({"symbols": ["BTCUSDT"] * (WATCHLIST_LIMIT + 1)}, 422),
        ({"symbols": [""]}, 422),
        ({"symbols": "BTCUSDT"}, 422),
        ({}, 422),
        ([], 422),
    ],
)
def test_a_watchlist_that_cannot_be_is_refused_and_the_old_one_stays(
    client: Client, body: Any, status: int
) -> None:
    put(client, "/api/watchlist/", {"symbols": ["ETHUSDT"]})
    problem(put(client, "/api/watchlist/", body), status)
    assert orjson.loads(client.get("/api/watchlist/").content) == {"symbols": ["ETHUSDT"]}
