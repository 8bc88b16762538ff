"""`/api/risk/` and what an account owns: who may change what, and what of it reaches the engine."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import orjson
import pytest
from django.test import Client

from candlewick.core.errors import Conflict, EngineAway, OrderRefused
from candlewick.store.models import Role, User
from candlewick.web.people import api_tokens, ownership
from tests.web.conftest import Browser, Person
from tests.web.ground import FakeLink

VALUE = Decimal("100000.100000000000000001")  # no float holds it
READS = {
    "/api/risk/": "account.risk",
    "/api/risk/tail/": "risk.tail",
    "/api/risk/limits/": "risk.limits",
    "/api/dashboard/portfolio/": "account.portfolio",
    "/api/dashboard/portfolio/positions/": "account.positions",
    "/api/dashboard/portfolio/orders/": "account.orders",
    "/api/dashboard/portfolio/balance/": "account.balances",
}
CHANGES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "limits": ("PUT", "/api/risk/limits/", {"max_order_notional": 20000}),
    "state": ("POST", "/api/risk/state/", {"state": "REDUCING"}),
    "kill": ("POST", "/api/risk/kill-switch/", {"flatten": True}),
    "leverage": ("PUT", "/api/positions/leverage/", {"symbol": "BTCUSDT-PERP", "leverage": 5}),
    "close": ("POST", "/api/positions/close/", {"symbol": "BTCUSDT-PERP"}),
}
VERBS = {
    "limits": "risk.limits",
    "state": "risk.state",
    "kill": "risk.kill",
    "leverage": "account.leverage",
    "close": "position.close",
}


@pytest.fixture(autouse=True)
def engine_knows(link: FakeLink) -> None:
    def answer(**_: Any) -> Any:
        return {"value": VALUE}

    link.answers = dict.fromkeys({*READS.values(), *VERBS.values()}, answer)


def change(client: Client, what: str, body: dict[str, Any] | None = None, **headers: str) -> Any:
    method, path, usual = CHANGES[what]
    data = orjson.dumps(usual if body is None else body)
    return client.generic(method, path, data, content_type="application/json", headers=headers)


def problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    document: dict[str, Any] = orjson.loads(answer.content)
    return document


@pytest.mark.parametrize(("path", "verb"), READS.items())
def test_what_the_engine_writes_is_passed_on_to_the_digit(
    client: Client, link: FakeLink, trader: User, path: str, verb: str
) -> None:
    assert client.get(path).content == b'{"value":100000.100000000000000001}'
    assert link.asked == [(verb, {"account": trader.accounts.get().pk})]


@pytest.mark.parametrize("path", READS)
def test_without_the_engine_nothing_is_told(client: Client, link: FakeLink, path: str) -> None:
    link.connected = False
    answer = client.get(path)
    problem(answer, 503)
    assert int(answer["Retry-After"]) >= 1


@pytest.mark.parametrize("path", READS)
def test_somebody_elses_account_is_not_there(
    client: Client, person: Person, link: FakeLink, path: str
) -> None:
    problem(client.get(f"{path}?account={person(Role.TRADER).accounts.get().pk}"), 404)
    assert link.asked == []


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_is_the_owners_and_says_by_whom_and_from_where(
    client: Client, link: FakeLink, trader: User, what: str
) -> None:
    assert change(client, what).status_code == 200
    ((verb, told),) = link.asked
    assert verb == VERBS[what]
    assert (told["actor"], told["source"]) == (trader.username, "127.0.0.1")


@pytest.mark.parametrize("what", CHANGES)
def test_whoever_may_only_look_changes_nothing(
    browser: Browser, person: Person, trader: User, link: FakeLink, what: str
) -> None:
    viewer = person(Role.VIEWER)
    ownership.share(trader.accounts.get(), viewer, may_trade=False)
    problem(change(browser(viewer), what), 403)
    assert link.asked == []


@pytest.mark.parametrize(
    ("what", "status"), [("limits", 403), ("state", 403), ("leverage", 403), ("kill", 200), ("close", 200)]
)
def test_a_token_that_may_trade_stops_and_closes_but_sets_no_limits(
    browser: Browser, trader: User, what: str, status: int
) -> None:
    _, token = api_tokens.issue(trader, "bot", ["read", "trade"])
    assert change(browser(), what, Authorization=f"Bearer {token}").status_code == status


def test_limits_are_changed_by_name_and_null_is_not_what_was_left_out(client: Client, link: FakeLink) -> None:
    change(client, "limits", {"max_order_notional": 20000.1, "max_leverage": None, "max_open_orders": 5})
    limits = {"max_order_notional": "20000.1", "max_leverage": None, "max_open_orders": 5}
    assert link.asked[0][1]["limits"] == limits


@pytest.mark.parametrize(
    ("what", "body", "field"),
    [
        ("limits", {"max_order_notional": -1}, "max_order_notional"),
        ("limits", {"max_order_notional": "NaN"}, "max_order_notional"),
        ("limits", {"max_open_orders": False}, "max_open_orders"),
        ("limits", {"max_open_orders": 1.5}, "max_open_orders"),
        ("limits", {"halt_on_breach": 0}, "halt_on_breach"),
        ("limits", {"warn_pct": 101}, "warn_pct"),
        ("limits", {"max_everything": 1}, "max_everything"),
        ("state", {"state": "OFF"}, "state"),
        ("state", {"state": "ACTIVE", "reason": "x" * 201}, "reason"),
        ("state", {}, "state"),
        ("kill", {"flatten": "yes"}, "flatten"),
        ("kill", {"flatten": True, "actor": "nobody"}, "actor"),
        ("leverage", {"symbol": "BTCUSDT-PERP", "leverage": 0}, "leverage"),
        ("leverage", {"symbol": "BTCUSDT-PERP", "leverage": 201}, "leverage"),
        ("leverage", {"symbol": "BTCUSDT-PERP", "leverage": 5, "margin_mode": "shared"}, "margin_mode"),
        ("close", {"symbol": "BTCUSDT-PERP", "reverse": 1}, "reverse"),
    ],
)
def test_what_is_not_valid_is_told_by_field_and_asks_nobody(
    client: Client, link: FakeLink, what: str, body: dict[str, Any], field: str
) -> None:
    assert field in problem(change(client, what, body), 422)["errors"]
    assert link.asked == []


@pytest.mark.parametrize("what", ["leverage", "close"])
def test_an_unknown_symbol_is_not_found(client: Client, link: FakeLink, what: str) -> None:
    problem(change(client, what, CHANGES[what][2] | {"symbol": "NOPE"}), 404)
    assert link.asked == []


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Conflict("It is halted."), 409),
        (OrderRefused("reduce_only", "There is nothing to reduce."), 422),
        (EngineAway("The engine is away."), 503),
    ],
)
@pytest.mark.parametrize("what", CHANGES)
def test_what_the_engine_refuses_is_told(
    client: Client, link: FakeLink, what: str, error: Exception, status: int
) -> None:
    def fail(**_: Any) -> Any:
        raise error

    link.answers[VERBS[what]] = fail
    assert problem(change(client, what), status)["detail"] == str(error)


def test_the_kill_switch_works_for_whoever_has_used_their_orders_up(client: Client, settings: Any) -> None:
    settings.ORDERS_PER_MINUTE = 1
    assert change(client, "close").status_code == 200
    assert change(client, "kill").status_code == 200
