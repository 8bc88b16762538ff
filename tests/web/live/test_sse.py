"""`/stream/` over real sockets: the same messages as events, resumable, and gone when the server stops."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import pytest

from candlewick.store.models import Role, User
from candlewick.web.live.hub import Hub
from candlewick.web.people import tokens
from tests.web.conftest import Person, Serve, Served, session_of


@pytest.fixture
def owner(person: Person) -> User:
    return person(Role.OWNER)


class Events:
    """The events of one stream, as a browser reads them."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.response = response

    def next(self) -> tuple[str | None, Any]:
        """Id and message of the next event that carries one."""
        id, data = None, None
        while True:
            line = self.response.readline().decode().rstrip("\n")
            if line.startswith("id: "):
                id = line[4:]
            elif line.startswith("data: "):
                data = orjson.loads(line[6:])
            elif not line and data is not None:
                return id, data
            elif not line and self.response.isclosed():
                raise EOFError

    def next_of(self, type: str) -> tuple[str | None, Any]:
        while True:
            id, message = self.next()
            if message["type"] == type:
                return id, message


@contextmanager
def stream(served: Served, user: User, channels: str, **headers: str) -> Iterator[Events]:
    connection = http.client.HTTPConnection("127.0.0.1", served.server.port, timeout=60)
    token = {"Authorization": f"Bearer {tokens.issue(user, tokens.ACCESS)}"}
    connection.request("GET", f"/stream/?channels={channels}", headers=token | headers)
    response = connection.getresponse()
    assert response.status == 200
    assert response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    try:
        yield Events(response)
    finally:
        response.close()
        connection.close()


def test_it_carries_the_messages_of_the_websocket(serve: Serve, owner: User) -> None:
    served = serve()
    with stream(served, owner, "prices,book:BTCUSDT,book:NOPE") as events:
        assert events.next()[1]["code"] == "unknown_symbol"
        assert events.next()[1] == {"type": "subscribed", "channels": ["prices", "book:BTCUSDT"]}
        served.link.say("prices", {"BTCUSDT": 1.5})
        id, message = events.next_of("price_tick")
        assert id is None
        assert message["data"] == {"BTCUSDT": 1.5}


def test_only_numbered_events_carry_an_id_and_it_resumes(serve: Serve, person: Person) -> None:
    served, viewer = serve(), person(Role.VIEWER)  # without an account: the system's own lanes
    served.link.snapshot("alerts", 0, [])
    served.link.snapshot("feeds", 4, {})
    with stream(served, viewer, "alerts,feeds") as events:
        assert events.next_of("alerts_snapshot")[1]["seq"] == 0
        assert events.next_of("feeds_snapshot")[1]["seq"] == 4
        served.link.event("alerts", 1, "a")
        id, message = events.next_of("alert")
        assert message["seq"] == 1
        assert id is not None
        assert id.endswith(".alerts-1.feeds-4")
    served.link.event("alerts", 2, "b")
    with stream(served, viewer, "alerts,feeds", **{"Last-Event-ID": id}) as events:
        assert events.next()[1]["type"] == "subscribed"
        assert events.next()[1] == {"type": "alert", "channel": "alerts", "seq": 2, "data": "b"}


@pytest.mark.parametrize(
    ("sign", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 401),
        ({"Sec-Fetch-Site": "cross-site", "Referer": "{url}/terminal/"}, 401),
        ({"Referer": "{url}/terminal/"}, 200),
        ({"Referer": "http://evil.example/"}, 401),
        ({}, 401),
    ],
)
def test_a_cookie_counts_beside_a_sign_that_our_page_asked(
    serve: Serve, owner: User, sign: dict[str, str], status: int
) -> None:
    served = serve()
    connection = http.client.HTTPConnection("127.0.0.1", served.server.port, timeout=60)
    headers = {name: value.replace("{url}", served.url) for name, value in sign.items()}
    cookie = {"Cookie": f"candlewick_session={session_of(owner)}"}
    connection.request("GET", "/stream/?channels=prices", headers=cookie | headers)
    response = connection.getresponse()
    assert response.status == status
    response.close()
    connection.close()


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/stream/?channels=prices", {}, 401),
        ("/stream/?channels=prices", {"Authorization": "Bearer nonsense"}, 401),
        ("/stream/?channels=prices", {"Origin": "http://evil.example"}, 403),
        ("/stream/?channels=prices", {"Host": "evil.example"}, 403),
    ],
)
def test_a_stranger_gets_a_problem(serve: Serve, path: str, headers: dict[str, str], status: int) -> None:
    answer = serve().fetch(path, headers=headers)
    assert answer.status == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert orjson.loads(answer.body)["status"] == status


def test_a_stream_of_nothing_is_refused(serve: Serve, owner: User) -> None:
    served = serve()
    token = {"Authorization": f"Bearer {tokens.issue(owner, tokens.ACCESS)}"}
    assert served.fetch("/stream/", headers=token).status == 422


def test_a_person_may_have_so_many_streams(serve: Serve, owner: User) -> None:
    served = serve(connections_per_user=1)
    with stream(served, owner, "prices"):
        token = {"Authorization": f"Bearer {tokens.issue(owner, tokens.ACCESS)}"}
        answer = served.fetch("/stream/?channels=prices", headers=token)
        assert answer.status == 429
        assert answer.headers["Retry-After"]


def test_an_open_stream_does_not_keep_the_server_from_stopping(serve: Serve, owner: User) -> None:
    served = serve()
    with stream(served, owner, "prices") as events:
        events.next_of("subscribed")
        served.server.stop()
        assert events.response.read() == b""


def test_a_stream_ends_with_the_right_to_read_it(serve: Serve, owner: User) -> None:
    served = serve(recheck_s=0.05)
    with stream(served, owner, "prices") as events:
        events.next_of("subscribed")
        owner.is_active = False
        owner.save()
        assert events.response.read() == b""


def test_a_reader_that_left_is_forgotten(serve: Serve, owner: User) -> None:
    served = serve()
    with stream(served, owner, "prices") as events:
        events.next_of("subscribed")
        assert len(served.hub.readers) == 1
    with stream(served, owner, "prices") as events:
        events.next_of("subscribed")
        while len(served.hub.readers) > 1:
            served.link.say("prices", {"BTCUSDT": 1.0})
            events.next_of("price_tick")


def test_who_does_not_read_is_ended(serve: Serve, owner: User) -> None:
    served = serve(slow_after_s=0.2)
    with stream(served, owner, "book:BTCUSDT") as events:
        events.next_of("subscribed")
        body = {"type": "book", "channel": "book:BTCUSDT", "data": "x" * 200_000}
        for _ in range(2000):
            served.link.say("book:BTCUSDT", body)
            if served.hub.metrics.closed[4408]:
                break
            _wait_a_turn(served.hub)
        assert served.hub.metrics.closed[4408] == 1


def _wait_a_turn(hub: Hub) -> None:
    """Until the wheel has gone on by a slot."""
    count = hub.metrics.lag.count
    while hub.metrics.lag.count == count:
        time.sleep(0.001)
