"""`/ws/` over real sockets: who gets in, what they may do, and how it ends."""

from __future__ import annotations

import contextlib
import socket
from typing import Any

import orjson
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from candlewick.store.models import Role, User
from candlewick.web.people import tokens
from tests.web.conftest import Person, Serve, Served, session_of


@pytest.fixture
def owner(person: Person) -> User:
    return person(Role.OWNER)


def ask(ws: ClientConnection, **message: Any) -> None:
    ws.send(orjson.dumps(message).decode())


def hear(ws: ClientConnection, type: str) -> Any:
    """The next message of a type; others before it are passed over."""
    while True:
        message = orjson.loads(ws.recv(timeout=60))
        if message["type"] == type:
            return message


def close_code(ws: ClientConnection) -> int | None:
    """The code the server closes with."""
    try:
        while True:
            ws.recv(timeout=60)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None


def test_a_page_of_ours_gets_what_it_subscribes_to(serve: Serve, owner: User) -> None:
    served = serve()
    with connect(**served.as_browser(session_of(owner))) as ws:
        ask(ws, action="subscribe", channels=["book:BTCUSDT", "prices"])
        assert (hear(ws, "subscribed"))["channels"] == ["book:BTCUSDT", "prices"]
        served.link.say("book:BTCUSDT", {"type": "book", "channel": "book:BTCUSDT", "data": {"bids": []}})
        served.link.say("prices", {"BTCUSDT": 46_000.5})
        assert (hear(ws, "book"))["data"] == {"bids": []}
        assert (hear(ws, "price_tick"))["data"] == {"BTCUSDT": 46_000.5}


@pytest.mark.parametrize("role", list(Role))
def test_every_role_may_watch(serve: Serve, person: Person, role: Role) -> None:
    served = serve()
    with connect(**served.as_browser(session_of(person(role)))) as ws:
        ask(ws, action="subscribe", channels=["prices", "feeds", "alerts"])
        assert (hear(ws, "subscribed"))["channels"] == ["prices", "feeds", "alerts"]


def test_a_stranger_is_closed_with_4401(serve: Serve) -> None:
    served = serve()
    with connect(served.ws, origin=served.origin) as ws:
        assert close_code(ws) == 4401


def test_a_foreign_origin_is_refused_whatever_it_brings(serve: Serve, owner: User) -> None:
    served = serve()
    arguments = served.as_browser(session_of(owner)) | {"origin": "http://evil.example"}
    with pytest.raises(InvalidStatus) as refusal:
        connect(**arguments)
    assert refusal.value.response.status_code == 403
    bearer = {"Authorization": f"Bearer {tokens.issue(owner, tokens.ACCESS)}"}
    with pytest.raises(InvalidStatus) as refusal:
        connect(served.ws, origin=Origin("http://evil.example"), additional_headers=bearer)
    assert refusal.value.response.status_code == 403


def test_a_foreign_host_name_is_refused(serve: Serve, owner: User) -> None:
    served = serve()
    headers = {"Cookie": f"candlewick_session={session_of(owner)}"}
    rebound = f"ws://evil.example:{served.server.port}/ws/"
    with pytest.raises(InvalidStatus) as refusal:
        connect(
            rebound,
            origin=Origin(f"http://evil.example:{served.server.port}"),
            additional_headers=headers,
            sock=socket.create_connection(("127.0.0.1", served.server.port)),
        )
    assert refusal.value.response.status_code == 403


def test_a_cookie_without_an_origin_does_not_count(serve: Serve, owner: User) -> None:
    served = serve()
    with connect(**(served.as_browser(session_of(owner)) | {"origin": None})) as ws:
        assert close_code(ws) == 4401


def test_a_program_gets_in_with_a_bearer_token(serve: Serve, owner: User) -> None:
    served = serve()
    headers = {"Authorization": f"Bearer {tokens.issue(owner, tokens.ACCESS)}"}
    with connect(served.ws, additional_headers=headers) as ws:
        ask(ws, action="subscribe", channels=["prices"])
        hear(ws, "subscribed")


def test_a_refresh_token_is_no_access_token(serve: Serve, owner: User) -> None:
    served = serve()
    headers = {"Authorization": f"Bearer {tokens.issue(owner, tokens.REFRESH)}"}
    with connect(served.ws, additional_headers=headers) as ws:
        assert close_code(ws) == 4401


def test_a_ticket_opens_one_connection(serve: Serve, owner: User) -> None:
    served = serve()
    claim = tokens.Claim(owner.pk, tokens.fingerprint(owner), None)
    ticket = tokens.issue_ticket(claim)
    with connect(f"{served.ws}?ticket={ticket}") as ws:
        ask(ws, action="subscribe", channels=["prices"])
        hear(ws, "subscribed")
    with connect(f"{served.ws}?ticket={ticket}") as ws:
        assert close_code(ws) == 4401


def test_a_session_that_ends_closes_its_connection(serve: Serve, owner: User) -> None:
    served = serve(recheck_s=0.05)
    session = session_of(owner)
    with connect(**served.as_browser(session)) as ws:
        ask(ws, action="subscribe", channels=["prices"])
        hear(ws, "subscribed")
        owner.set_password("another password entirely")
        owner.save()
        assert close_code(ws) == 4401


def test_signing_out_closes_the_connection_at_once(serve: Serve, owner: User) -> None:
    served = serve()  # the regular look at sessions is half a minute away
    session = session_of(owner)
    with connect(**served.as_browser(session)) as ws:
        ask(ws, action="subscribe", channels=["prices"])
        hear(ws, "subscribed")
        page = served.fetch("/accounts/logout/", session=session)
        token = page.body.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
        served.fetch(
            "/accounts/logout/", session=session, form={"csrfmiddlewaretoken": token}, csrf=page.csrf
        )
        assert close_code(ws) == 4401


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("not json", "malformed"),
        ("[]", "malformed"),
        ("{}", "malformed"),
        ('{"action":"dance"}', "unknown_action"),
        ('{"action":"subscribe"}', "malformed"),
        ('{"action":"subscribe","channels":"prices"}', "malformed"),
        ('{"action":"subscribe","channels":[1]}', "malformed"),
        ('{"action":"resync","channel":"alerts"}', "not_subscribed"),
        ('{"action":"subscribe","channels":["book:NOPE"]}', "unknown_symbol"),
        ('{"action":"subscribe","channels":["candles:BTCUSDT:9m"]}', "unknown_interval"),
        ('{"action":"subscribe","channels":["orders:999999999"]}', "forbidden"),
        ('{"action":"subscribe","channels":["orders"],"account":999999999}', "forbidden"),
    ],
)
def test_a_bad_message_is_answered_and_nothing_else_is_disturbed(
    serve: Serve, owner: User, text: str, code: str
) -> None:
    served = serve()
    with connect(**served.as_browser(session_of(owner))) as ws:
        ws.send(text)
        error = hear(ws, "error")
        assert error["code"] == code
        assert error["message"].endswith(".")
        ask(ws, action="subscribe", channels=["prices"])
        while hear(ws, "subscribed")["channels"] != ["prices"]:
            pass


def test_a_binary_message_is_malformed(serve: Serve, owner: User) -> None:
    served = serve()
    with connect(**served.as_browser(session_of(owner))) as ws:
        ws.send(b'{"action":"subscribe","channels":["prices"]}')
        assert (hear(ws, "error"))["code"] == "malformed"


def test_a_flood_of_messages_is_closed_with_4429(serve: Serve, owner: User) -> None:
    served = serve(messages_per_s=1.0, message_burst=5)
    with connect(**served.as_browser(session_of(owner))) as ws:
        with contextlib.suppress(ConnectionClosed):
            for _ in range(10):
                ask(ws, action="unsubscribe", channels=[])
        assert close_code(ws) == 4429


def test_a_ten_megabyte_frame_is_closed_and_disturbs_nobody(
    serve: Serve, person: Person, owner: User
) -> None:
    served = serve()
    with (
        connect(**served.as_browser(session_of(owner))) as rude,
        connect(**served.as_browser(session_of(person(Role.VIEWER)))) as quiet,
    ):
        ask(quiet, action="subscribe", channels=["prices"])
        hear(quiet, "subscribed")
        with contextlib.suppress(ConnectionClosed):  # the server does not wait for all of it
            rude.send("x" * 10_000_000)
        assert close_code(rude) in {1009, None}
        served.link.say("prices", {"BTCUSDT": 1.0})
        hear(quiet, "price_tick")


def test_one_person_may_have_so_many_connections(serve: Serve, person: Person, owner: User) -> None:
    served = serve(connections_per_user=2)
    session = session_of(owner)
    with connect(**served.as_browser(session)) as one, connect(**served.as_browser(session)) as two:
        for ws in (one, two):
            ask(ws, action="subscribe", channels=["prices"])
            hear(ws, "subscribed")
        with connect(**served.as_browser(session)) as third:
            assert close_code(third) == 4429
        with connect(**served.as_browser(session_of(person(Role.VIEWER)))) as other:
            ask(other, action="subscribe", channels=["prices"])
            hear(other, "subscribed")


def speak_slowly(served: Served, session: str) -> socket.socket:
    """A browser that subscribes to a book and then reads nothing at all."""
    sock = socket.create_connection(("127.0.0.1", served.server.port))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.sendall(
        f"GET /ws/ HTTP/1.1\r\nHost: 127.0.0.1:{served.server.port}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        f"Origin: {served.url}\r\nCookie: candlewick_session={session}\r\n\r\n".encode()
    )
    while not sock.recv(4096).endswith(b"\r\n\r\n"):
        pass
    message = b'{"action":"subscribe","channels":["book:BTCUSDT"]}'
    sock.sendall(bytes((0x81, 0x80 | len(message), 0, 0, 0, 0)) + message)  # masked with zeros
    return sock


def test_who_does_not_read_is_closed_with_4408_and_slows_nobody(
    serve: Serve, person: Person, owner: User
) -> None:
    served = serve(slow_after_s=0.3)
    stalled = speak_slowly(served, session_of(owner))
    try:
        with connect(**served.as_browser(session_of(person(Role.VIEWER)))) as quick:
            ask(quick, action="subscribe", channels=["book:BTCUSDT"])
            hear(quick, "subscribed")
            for number in range(400):
                body = {"type": "book", "channel": "book:BTCUSDT", "data": number, "filler": "x" * 60_000}
                served.link.say("book:BTCUSDT", body)
                assert (hear(quick, "book"))["data"] == number
                if served.hub.metrics.closed[4408]:
                    break
        assert served.hub.metrics.closed[4408] == 1
    finally:
        stalled.close()


def test_the_engine_may_go_and_come_back(serve: Serve, owner: User) -> None:
    served = serve()
    with connect(**served.as_browser(session_of(owner))) as ws:
        ask(ws, action="subscribe", channels=["book:BTCUSDT"])
        hear(ws, "subscribed")
        served.link.go()
        assert (hear(ws, "status"))["data"] == {"engine": "away"}
        served.link.come()
        assert (hear(ws, "status"))["data"] == {"engine": "live"}
        served.link.say("book:BTCUSDT", {"type": "book", "channel": "book:BTCUSDT", "data": "fresh"})
        assert (hear(ws, "book"))["data"] == "fresh"


def test_another_path_is_not_there(serve: Serve) -> None:
    served = serve()
    with pytest.raises(InvalidStatus) as refusal:
        connect(f"ws://127.0.0.1:{served.server.port}/elsewhere/")
    assert refusal.value.response.status_code == 403
