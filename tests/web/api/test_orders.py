"""`/api/orders/`: what reaches the engine, exactly; how its answers and refusals reach a program."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import orjson
import pytest
from django.test import Client

from candlewick.core.errors import Conflict, EngineAway, OrderRefused, UnknownOrder, UsageError
from candlewick.store.models import Role, User
from tests.web.conftest import Browser, Person
from tests.web.ground import FakeLink

MARKET = {"symbol": "BTCUSDT", "side": "buy", "quantity": 0.1, "order_type": "market"}
ANSWER = {"id": "o1", "quantity": Decimal("0.1"), "limit_price": Decimal("71250.50"), "status": "IN_FLIGHT"}


@pytest.fixture(autouse=True)
def engine_knows(link: FakeLink) -> None:
    def one(**_: Any) -> Any:
        return ANSWER

    def many(**_: Any) -> Any:
        return [ANSWER]

    link.answers = {f"order.{verb}": one for verb in ("place", "preview", "get", "cancel", "amend")}
    link.answers |= {"order.cancel_all": many, "account.orders": many, "position.close": many}


def sent(
    client: Client, body: Any, *, path: str = "/api/orders/", method: str = "post", **headers: str
) -> Any:
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    return getattr(client, method)(path, data, content_type="application/json", headers=headers)


def problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    document: dict[str, Any] = orjson.loads(answer.content)
    assert document["status"] == status
    assert document["detail"]
    return document


def raising(error: Exception) -> Callable[..., Any]:
    def fail(**_: Any) -> Any:
        raise error

    return fail


def test_an_order_reaches_the_engine_with_its_numbers_as_they_were_written(
    client: Client, link: FakeLink, trader: User
) -> None:
    body = b'{"symbol":"BTC/USDT","side":"buy","order_type":"limit","quantity":0.1,"limit_price":71250.50}'
    answer = sent(client, body, **{"Idempotency-Key": "k-1"})
    assert answer.status_code == 201
    ((verb, told),) = link.asked
    assert verb == "order.place"
    assert (told["symbol"], told["quantity"], told["limit_price"]) == ("sim:BTCUSDT", "0.1", "71250.5")
    assert (told["key"], told["origin"], told["actor"]) == ("k-1", "api", trader.username)
    assert told["account"] == trader.accounts.get().pk
    assert told["source"] == "127.0.0.1"


def test_money_is_answered_as_it_stands_in_the_engine(client: Client) -> None:
    assert b'"limit_price":71250.50' in sent(client, MARKET).content


def test_numbers_may_be_sent_as_text_for_those_whose_json_knows_only_floats(
    client: Client, link: FakeLink
) -> None:
    quantity = "0.100000000000000001"
    assert sent(client, MARKET | {"quantity": quantity}).status_code == 201
    assert link.asked[0][1]["quantity"] == quantity


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (MARKET | {"side": "hold"}, "side"),
        (MARKET | {"order_type": "iceberg"}, "order_type"),
        (MARKET | {"quantity": 0}, "quantity"),
        (MARKET | {"quantity": -1}, "quantity"),
        (MARKET | {"quantity": 1e300}, "quantity"),
        (MARKET | {"quantity": "NaN"}, "quantity"),
        (MARKET | {"quantity": "Infinity"}, "quantity"),
        (MARKET | {"quantity": True}, "quantity"),
        (MARKET | {"quantity": [1]}, "quantity"),
        (MARKET | {"quantity": "1" * 60}, "quantity"),
        (MARKET | {"symbol": ""}, "symbol"),
        (MARKET | {"symbol": "B" * 81}, "symbol"),
        (MARKET | {"post_only": "yes"}, "post_only"),
        (MARKET | {"reduce_only": 1}, "reduce_only"),
        (MARKET | {"time_in_force": "DAY"}, "time_in_force"),
        (MARKET | {"leverage": 5}, "leverage"),
        (MARKET | {"actor": "somebody else"}, "actor"),
        (MARKET | {"origin": "manual"}, "origin"),
        ({"symbol": "BTCUSDT"}, "side"),
    ],
)
def test_what_is_not_valid_is_told_by_field_and_asks_nobody(
    client: Client, link: FakeLink, body: dict[str, Any], field: str
) -> None:
    assert field in problem(sent(client, body), 422)["errors"]
    assert link.asked == []


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'{"quantity":NaN}', b"\xff\xfe", b"1" * 10, b'"' + "é".encode() * 50 + b'"'],
)
def test_what_is_no_order_at_all_is_refused(client: Client, link: FakeLink, body: bytes) -> None:
    answer = sent(client, body)
    assert answer.status_code in (400, 422)
    problem(answer, answer.status_code)
    assert link.asked == []


def test_a_body_that_is_too_large_is_refused(client: Client, link: FakeLink) -> None:
    padding = {"symbol": "B" * 4_000_000}
    answer = sent(client, MARKET | padding)
    assert answer.status_code in (413, 422)
    problem(answer, answer.status_code)
    assert link.asked == []


def test_an_unknown_symbol_is_not_found(client: Client, link: FakeLink) -> None:
    assert problem(sent(client, MARKET | {"symbol": "日本USDT"}), 404)["symbol"] == "日本USDT"
    assert link.asked == []


def test_a_refusal_tells_the_rule_its_limit_and_the_value_exactly(client: Client, link: FakeLink) -> None:
    refusal = OrderRefused(
        "max_order_notional",
        "At most 20,000 an order.",
        Decimal("20000.10"),
        Decimal("7125050.000"),
        "quantity",
    )
    link.answers["order.place"] = raising(refusal)
    answer = sent(client, MARKET)
    told = problem(answer, 422)
    assert told["code"] == "max_order_notional"
    assert told["errors"] == {"quantity": ["At most 20,000 an order."]}
    assert b'"limit":20000.10' in answer.content
    assert b'"value":7125050.000' in answer.content


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (UnknownOrder("o1"), 404),
        (Conflict("The order is filled already."), 409),
        (UsageError("quantity: give a number."), 422),
        (EngineAway("The engine is away."), 503),
    ],
)
@pytest.mark.parametrize(
    ("method", "body", "verb"),
    [("get", None, "order.get"), ("patch", {"quantity": 1}, "order.amend"), ("delete", None, "order.cancel")],
)
def test_what_the_engine_answers_of_an_order_is_told(
    client: Client, link: FakeLink, method: str, body: Any, verb: str, error: Exception, status: int
) -> None:
    link.answers[verb] = raising(error)
    path = "/api/orders/o1/"
    answer = client.get(path) if method == "get" else sent(client, body, path=path, method=method)
    problem(answer, status)
    if status == 503:
        assert int(answer["Retry-After"]) >= 1


def test_while_the_engine_is_away_nothing_is_taken(client: Client, link: FakeLink) -> None:
    link.connected = False
    assert int(sent(client, MARKET)["Retry-After"]) >= 1
    problem(sent(client, MARKET), 503)


def test_one_order_too_many_is_told_when_to_come_again(
    client: Client, link: FakeLink, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.ORDERS_PER_MINUTE = 2
    assert [sent(client, MARKET).status_code for _ in range(3)] == [201, 201, 429]
    answer = sent(client, {"quantity": 1}, path="/api/orders/o1/", method="patch")
    problem(answer, 429)
    assert 1 <= int(answer["Retry-After"]) <= 60
    assert len(link.asked) == 2
    assert (
        sent(client, None, path="/api/orders/o1/", method="delete").status_code == 200
    )  # getting out is free


@pytest.mark.parametrize(("role", "status"), [(Role.VIEWER, 403), (Role.TRADER, 201), (Role.OWNER, 201)])
def test_a_viewer_orders_nothing(
    browser: Browser, person: Person, link: FakeLink, role: Role, status: int
) -> None:
    from candlewick.web.people import ownership

    user = person(role)
    if role is Role.VIEWER:
        ownership.share(person(Role.TRADER).accounts.get(), user, may_trade=False)
    assert sent(browser(user), MARKET).status_code == status
    assert bool(link.asked) == (status == 201)


def test_somebody_elses_account_is_not_there(client: Client, person: Person, link: FakeLink) -> None:
    theirs = person(Role.TRADER).accounts.get().pk
    problem(sent(client, MARKET | {"account": theirs}), 404)
    problem(client.get(f"/api/orders/?account={theirs}"), 404)
    problem(sent(client, {"quantity": 1}, path=f"/api/orders/o1/?account={theirs}", method="patch"), 404)
    assert link.asked == []


def test_an_amendment_passes_on_what_was_given_and_no_more(client: Client, link: FakeLink) -> None:
    sent(client, b'{"limit_price":70900.10}', path="/api/orders/o1/", method="patch")
    ((verb, told),) = link.asked
    assert verb == "order.amend"
    assert (told["order_id"], told["limit_price"]) == ("o1", "70900.1")
    assert not {"quantity", "stop_price", "trail"} & told.keys()
    changes = {"limit_price": 1, "side": "sell"}
    assert "side" in problem(sent(client, changes, path="/api/orders/o1/", method="patch"), 422)["errors"]


def test_all_orders_of_one_symbol_are_cancelled(client: Client, link: FakeLink) -> None:
    answer = sent(client, None, path="/api/orders/?symbol=BTC/USDT", method="delete")
    assert answer.json() == [{"id": "o1", "quantity": 0.1, "limit_price": 71250.5, "status": "IN_FLIGHT"}]
    assert link.asked[0][1]["symbol"] == "sim:BTCUSDT"


def test_working_orders_come_from_the_engine_all_at_once(client: Client, link: FakeLink) -> None:
    answer = client.get("/api/orders/?status=working").json()
    assert [each["id"] for each in answer["items"]] == ["o1"]
    assert answer["next"] is None
    assert [verb for verb, _ in link.asked] == ["account.orders"]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "limit=x", "cursor=nonsense", "status=DONE", "start=yesterday"]
)
def test_a_question_that_is_not_valid_is_told_by_field(client: Client, query: str) -> None:
    assert query.partition("=")[0] in problem(client.get(f"/api/orders/?{query}"), 422)["errors"]


def test_an_id_that_can_be_none_is_not_found(client: Client, link: FakeLink) -> None:
    problem(client.get("/api/orders/" + "x" * 65 + "/"), 404)
    problem(client.get("/api/orders/日本/"), 404)
    assert link.asked == []


def test_orders_of_one_pair_carry_its_word(client: Client, link: FakeLink) -> None:
    assert sent(client, MARKET | {"oco": "pair-7"}).status_code == 201
    assert link.asked[-1][1]["oco"] == "pair-7"
    assert "oco" in problem(sent(client, MARKET | {"oco": "two words"}), 422)["errors"]
