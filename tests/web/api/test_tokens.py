"""`/api/token/` and `/api/ws-ticket/`: a name and password, or a session, for what opens the API."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from django.test import Client

from candlewick.store.models import User
from tests.web.api.ground import problem, put
from tests.web.conftest import Browser
from tests.web.ground import PASSWORD

pytestmark = pytest.mark.usefixtures("engine_knows")


def ask_for_tokens(client: Client, name: str, password: str) -> Any:
    body = {"username": name, "password": password}
    return client.post("/api/token/", body, content_type="application/json")


def test_a_name_and_password_give_tokens_that_work(browser: Browser, trader: User) -> None:
    client = browser(checks_csrf=True)
    given = orjson.loads(ask_for_tokens(client, trader.username, PASSWORD).content)
    header = {"Authorization": f"Bearer {given['access']}"}
    assert client.get("/api/watchlist/", headers=header).status_code == 200
    refreshed = client.post(
        "/api/token/refresh/", {"refresh": given["refresh"]}, content_type="application/json"
    )
    header = {"Authorization": f"Bearer {orjson.loads(refreshed.content)['access']}"}
    assert put(client, "/api/watchlist/", {"symbols": ["ETHUSDT"]}, **header).status_code == 200
    problem(
        client.post("/api/token/refresh/", {"refresh": given["access"]}, content_type="application/json"), 401
    )


def test_a_wrong_password_gives_none_and_locks_the_name(browser: Browser, trader: User) -> None:
    client = browser()
    for _ in range(5):
        problem(ask_for_tokens(client, trader.username, "wrong"), 401)
    answer = ask_for_tokens(client, trader.username, PASSWORD)
    problem(answer, 429)
    assert int(answer["Retry-After"]) > 0


def test_a_ticket_is_given_to_who_is_signed_in(browser: Browser, client: Client) -> None:
    assert orjson.loads(client.post("/api/ws-ticket/").content)["ticket"]
    problem(browser().post("/api/ws-ticket/"), 401)
