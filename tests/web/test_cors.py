"""Pages of other origins: closed, but for those that the settings name."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client, override_settings

from candlewick.store.models import Role
from tests.web.conftest import Browser, Person

NAMED = "https://desk.example"


@pytest.fixture
def client(browser: Browser, person: Person) -> Client:
    return browser(person(Role.TRADER))


def ask(client: Client, origin: str, path: str = "/api/watchlist/") -> Any:
    with override_settings(LIVE_ALLOWED_ORIGINS=frozenset({NAMED})):
        return client.get(path, headers={"Origin": origin})


def preflight(client: Client, origin: str, path: str = "/api/orders/") -> Any:
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    with override_settings(LIVE_ALLOWED_ORIGINS=frozenset({NAMED})):
        return client.options(path, headers=headers)


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://desk.example", "https://desk.example.evil.example", "null"]
)
def test_a_page_of_another_origin_reads_nothing(client: Client, origin: str) -> None:
    for answer in (ask(client, origin), preflight(client, origin)):
        assert not [name for name in answer.headers if name.startswith("Access-Control-")]
        assert "Origin" in answer["Vary"]
        assert answer["Cross-Origin-Resource-Policy"] == "same-origin"


def test_a_named_origin_reads_with_the_persons_cookie(client: Client) -> None:
    answer = ask(client, NAMED)
    assert answer.status_code == 200
    assert answer["Access-Control-Allow-Origin"] == NAMED
    assert answer["Access-Control-Allow-Credentials"] == "true"
    assert "Retry-After" in answer["Access-Control-Expose-Headers"]


def test_a_named_origins_preflight_is_answered_without_signing_in(browser: Browser) -> None:
    answer = preflight(browser(), NAMED)
    assert answer.status_code == 204
    assert "POST" in answer["Access-Control-Allow-Methods"]
    assert "Idempotency-Key" in answer["Access-Control-Allow-Headers"]
    assert int(answer["Access-Control-Max-Age"]) > 0


def test_errors_carry_the_origin_too_so_that_the_page_can_read_them(browser: Browser) -> None:
    answer = ask(browser(), NAMED)
    assert answer.status_code == 401
    assert answer["Access-Control-Allow-Origin"] == NAMED


@pytest.mark.parametrize("path", ["/settings/", "/accounts/login/", "/terminal/", "/components/order/"])
def test_only_the_api_is_opened(client: Client, path: str) -> None:
    answer = ask(client, NAMED, path)
    assert "Access-Control-Allow-Origin" not in answer


def test_no_origin_is_named_unless_the_settings_name_it(client: Client) -> None:
    answer = client.get("/api/watchlist/", headers={"Origin": NAMED})
    assert "Access-Control-Allow-Origin" not in answer


def test_a_named_origin_changes_nothing_with_a_cookie_alone(browser: Browser, person: Person) -> None:
    client = browser(person(Role.TRADER), checks_csrf=True)
    with override_settings(LIVE_ALLOWED_ORIGINS=frozenset({NAMED})):
        answer = client.put(
            "/api/watchlist/", {"symbols": []}, content_type="application/json", headers={"Origin": NAMED}
        )
    assert answer.status_code == 403
