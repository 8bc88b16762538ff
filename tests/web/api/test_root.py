"""The API as a whole: who may read and write, what is asked wrongly, and its documentation."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from django.test import Client

from candlewick.store.models import Role, User
from candlewick.web.people import tokens
from candlewick.web.services import Services
from tests.web.api.ground import candle, problem, put
from tests.web.conftest import Browser, Person
from tests.web.ground import FakeLink

pytestmark = pytest.mark.usefixtures("engine_knows")


READS = [
    "/api/dashboard/charts/ohlcv/?symbol=BTCUSDT",
    "/api/dashboard/charts/indicators/?symbol=BTCUSDT&indicators=ema:20",
    "/api/dashboard/charts/indicators/catalogue/",
    "/api/dashboard/charts/volume-profile/?symbol=BTCUSDT",
    "/api/market/instruments/",
    "/api/market/tickers/",
    "/api/market/book/?symbol=BTCUSDT",
    "/api/market/trades/?symbol=BTCUSDT",
    "/api/market/funding/?symbol=BTCUSDT-PERP",
    "/api/market/open-interest/?symbol=BTCUSDT-PERP",
    "/api/watchlist/",
]


@pytest.mark.parametrize("path", READS)
def test_a_stranger_reads_nothing(browser: Browser, path: str) -> None:
    answer = browser().get(path)
    problem(answer, 401)
    assert answer["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize("role", list(Role))
def test_every_role_reads(
    browser: Browser, person: Person, role: Role, path: str, services: Services
) -> None:
    services.lake.put_candles([candle(60 * n, 1.0) for n in range(50)])
    assert browser(person(role)).get(path).status_code == 200


def test_a_program_reads_with_a_token(browser: Browser, trader: User) -> None:
    header = {"Authorization": f"Bearer {tokens.issue(trader, tokens.ACCESS)}"}
    assert browser().get("/api/watchlist/", headers=header).status_code == 200
    problem(browser().get("/api/watchlist/", headers={"Authorization": "Bearer nonsense"}), 401)


@pytest.mark.parametrize(
    ("method", "path", "body", "fields"),
    [
        ("post", "/api/orders/", {"side": "up"}, ["symbol", "side", "order_type"]),
        ("patch", "/api/orders/a/", {"limit_price": -1}, ["limit_price"]),
        ("put", "/api/risk/limits/", {"symbols": ["BTCUSDT", 7]}, ["symbols"]),
        ("post", "/api/orders/", [1], ["body"]),
    ],
)
def test_a_field_of_a_body_is_named_as_its_sender_named_it(
    client: Client, method: str, path: str, body: Any, fields: list[str]
) -> None:
    answer = getattr(client, method)(path, orjson.dumps(body), content_type="application/json")
    assert list(problem(answer, 422)["errors"]) == fields


def test_a_body_that_is_no_json_is_refused(client: Client) -> None:
    problem(client.put("/api/watchlist/", b"{", content_type="application/json"), 400)


def test_a_body_that_is_too_large_is_refused_and_not_logged(
    browser: Browser, capfd: pytest.CaptureFixture[str]
) -> None:
    answer = browser().post("/api/token/", b" " * 1_000_001, content_type="application/json")

    assert answer.status_code == 413
    assert "1000000 bytes" in answer.json()["detail"]
    assert capfd.readouterr().err == ""


def test_a_page_that_changes_something_needs_the_csrf_token(browser: Browser, trader: User) -> None:
    client = browser(trader, checks_csrf=True)
    problem(put(client, "/api/watchlist/", {"symbols": []}), 403)
    client.get("/settings/")
    token = client.cookies["candlewick_csrf"].value
    assert put(client, "/api/watchlist/", {"symbols": []}, **{"X-CSRFToken": token}).status_code == 200


def test_a_stranger_changes_nothing(browser: Browser) -> None:
    problem(put(browser(checks_csrf=True), "/api/watchlist/", {"symbols": []}), 401)


def test_an_unknown_address_is_a_problem_too(client: Client) -> None:
    problem(client.get("/api/nothing/here/"), 404)


def test_an_unknown_method_is_a_problem_too(client: Client) -> None:
    problem(client.delete("/api/watchlist/"), 405)


def test_what_breaks_on_our_side_is_a_problem_that_tells_nothing_of_the_inside(
    client: Client, link: FakeLink
) -> None:
    def broken() -> None:
        raise ZeroDivisionError("a secret detail")

    link.answers["tickers"] = broken
    client.raise_request_exception = False
    answer = client.get("/api/market/tickers/")
    assert "secret" not in str(problem(answer, 500))


def test_the_documentation_loads_from_this_server_alone(client: Client) -> None:
    page = client.get("/api/docs").content.decode()
    assert "http://" not in page
    assert "https://" not in page
    for source in [part.split('"')[0] for part in page.split('src="')[1:]]:
        assert source.startswith("/static/")
        answer = client.get(source)
        assert answer.status_code == 200
        answer.close()
    document = orjson.loads(client.get("/api/openapi.json").content)
    assert document["openapi"].startswith("3.1")
    assert {path.split("?")[0] for path in READS} <= set(document["paths"])
