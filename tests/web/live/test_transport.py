"""The way round: a server whose insides we do not know gets its messages through ASGI."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from candlewick.store.models import Role
from candlewick.web.live import transport
from candlewick.web.live.frames import websocket_frame
from candlewick.web.live.transport import direct_sink, websocket_slot
from tests.web.conftest import Person, Serve, session_of


async def test_a_slot_sends_whole_messages_in_order_and_then_closes() -> None:
    sent: list[dict[str, Any]] = []

    async def send(event: dict[str, Any]) -> None:
        sent.append(event)

    slot = websocket_slot(send)
    slot.write(websocket_frame(b"one") + websocket_frame(b"two"))
    slot.write(websocket_frame(b"three"))
    assert slot.queued() > 0
    slot.close(4408, "You read too slowly.")
    slot.close(1012, "later")
    assert await slot.run() == (4408, "You read too slowly.")
    assert [event["text"] for event in sent] == ["one", "two", "three"]
    assert slot.queued() == 0


async def test_what_a_slot_has_not_sent_counts_as_queued() -> None:
    release = asyncio.Event()

    async def send(event: dict[str, Any]) -> None:
        await release.wait()

    slot = websocket_slot(send)
    slot.write(websocket_frame(b"x" * 1000))
    sending = asyncio.create_task(slot.run())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert slot.queued() > 1000
    release.set()
    slot.close(1000, "")
    await sending
    assert slot.queued() == 0


async def test_an_unknown_server_has_no_direct_way() -> None:
    async def send(event: dict[str, Any]) -> None:
        raise AssertionError

    assert direct_sink(send) is None


def test_another_version_of_the_server_is_served_through_asgi(
    serve: Serve, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "_KNOWN_VERSION", "another")
    served, session = serve(messages_per_s=0.001, message_burst=2), session_of(person(Role.VIEWER))
    with connect(**served.as_browser(session)) as ws:
        ws.send('{"action":"subscribe","channels":["book:BTCUSDT"]}')
        assert orjson.loads(ws.recv(timeout=60))["type"] == "subscribed"
        served.link.say("book:BTCUSDT", {"type": "book", "data": 1})
        assert orjson.loads(ws.recv(timeout=60)) == {"type": "book", "data": 1}
        ws.send("{}")
        assert orjson.loads(ws.recv(timeout=60))["code"] == "malformed"
        ws.send("{}")
        with pytest.raises(ConnectionClosed) as closed:
            ws.recv(timeout=60)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4429
