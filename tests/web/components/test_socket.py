"""Components over `/ws/`: the same road, the same answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from django.test import override_settings
from websockets.sync.client import ClientConnection, connect

from candlewick.store.models import Role, User
from candlewick.web import limits
from tests.web import ground
from tests.web.components import shapes
from tests.web.conftest import Serve, session_of

Person = Callable[[Role], User]
ORDER = {"side": "buy", "order_type": "market", "size": "1", "key": "a-key-of-mine"}


@pytest.fixture(autouse=True)
def _engine(link: ground.FakeLink) -> None:
    link.answers |= {
        "account.snapshot": lambda account: shapes.snapshot(shapes.position()),
        "order.place": lambda **order: shapes.order(),
        "order.preview": lambda **order: shapes.preview(),
    }


def _ask(socket: ClientConnection, **message: Any) -> Any:
    socket.send(orjson.dumps({"action": "component", **message}).decode())
    return orjson.loads(socket.recv(timeout=60))


def test_it_answers_with_the_html_and_the_status_that_http_would(serve: Serve, person: Person) -> None:
    served = serve()
    with connect(**served.as_browser(session_of(person(Role.TRADER)))) as socket:
        answer = _ask(socket, name="portfolio", id=7)

    assert (answer["type"], answer["name"], answer["status"], answer["id"]) == (
        "component",
        "portfolio",
        200,
        7,
    )
    assert 'data-component="portfolio"' in answer["html"]


def test_it_sends_an_order_with_its_data_as_json(serve: Serve, person: Person) -> None:
    served, trader = serve(), person(Role.TRADER)
    with connect(**served.as_browser(session_of(trader))) as socket:
        answer = _ask(
            socket,
            name="order",
            event="submit",
            params={"symbol": "BTCUSDT"},
            data=ORDER | {"reduce_only": True},
        )

    assert (answer["event"], answer["status"]) == ("submit", 200)
    ((_, order),) = [each for each in served.link.asked if each[0] == "order.place"]
    assert order["actor"] == trader.username
    assert order["reduce_only"] is True
    assert order["source"] == "127.0.0.1"


def test_its_messages_count_as_requests(serve: Serve, person: Person) -> None:
    limits.limiter.cache_clear()
    served = serve()
    browser = served.as_browser(session_of(person(Role.TRADER)))
    with override_settings(REQUESTS_PER_MINUTE=1), connect(**browser) as socket:
        assert _ask(socket, name="portfolio")["status"] == 200
        answer = _ask(socket, name="portfolio", id=2)

    assert (answer["status"], answer["id"]) == (429, 2)
    assert answer["detail"].startswith("At most 1 requests a minute")


def test_it_tells_what_is_wrong_by_field(serve: Serve, person: Person) -> None:
    served = serve()
    with connect(**served.as_browser(session_of(person(Role.TRADER)))) as socket:
        answer = _ask(socket, name="order", event="submit", data=ORDER | {"size": "much"})

    assert answer["status"] == 422
    assert answer["errors"] == {"size": ["Write a number, such as 0.15."]}


def test_whoever_may_not_trade_sends_no_order(serve: Serve, person: Person) -> None:
    served, owner, viewer = serve(), person(Role.TRADER), person(Role.VIEWER)
    account = owner.accounts.get().pk
    with connect(**served.as_browser(session_of(viewer))) as socket:
        answer = _ask(socket, name="order", event="submit", account=account, data=ORDER)

    assert answer["status"] == 404
    assert served.link.asked == []


@pytest.mark.parametrize(
    "message",
    [{}, {"name": 5}, {"name": "order", "state": {"may_trade": True}}, {"name": "order", "data": []}],
)
def test_a_message_that_is_none_is_answered_and_the_talk_goes_on(
    serve: Serve, person: Person, message: dict[str, Any]
) -> None:
    served = serve()
    with connect(**served.as_browser(session_of(person(Role.TRADER)))) as socket:
        answer = _ask(socket, **message)
        assert (answer["type"], answer["code"]) == ("error", "malformed")

        assert (_ask(socket, name="portfolio"))["status"] == 200
