"""`/stream/?channels=`: the same messages as server-sent events."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qs

from candlewick.web import problem
from candlewick.web.live.access import TOO_MANY, Refused, Scope, headers_of
from candlewick.web.live.hub import Hub
from candlewick.web.live.transport import Send, SlotSink, abort, stream_slot
from candlewick.web.people.identity import Person

Receive = Callable[[], Awaitable[dict[str, Any]]]
Admit = Callable[[Scope], Awaitable[Person | Refused]]

HEARTBEAT_S: Final = 15.0
_FAREWELL_S: Final = 2.0  # what is queued may still go out for so long after a close
_BEAT: Final = b": still here\n\n"
_HEADERS: Final = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]


async def serve_stream(scope: Scope, receive: Receive, send: Send, hub: Hub, admit: Admit) -> None:
    """One event stream, from its request to its end."""
    if scope["method"] != "GET":
        await answer_problem(send, 405, "An event stream is asked for with GET.")
        return
    person = await admit(scope)
    if isinstance(person, Person) and hub.connections_of(person.id) >= hub.limits.connections_per_user:
        person = TOO_MANY
    if isinstance(person, Refused):
        await answer_problem(send, person.status, person.detail)
        return
    query = parse_qs(scope["query_string"].decode("latin-1"))
    names = [name for part in query.get("channels", []) for name in part.split(",") if name]
    if not names:
        await answer_problem(send, 422, "Name the channels: /stream/?channels=prices,feeds")
        return
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    slot = stream_slot(send)
    reader = hub.join(slot, person)
    try:
        hub.resume(reader, headers_of(scope).get("last-event-id", ""))
        slot.write(b"retry: 1000\n\n")
        hub.subscribe(reader, names)
        await _until_over(slot, receive, send)
    finally:
        hub.leave(reader)


async def answer_problem(
    send: Send, status: int, detail: str, headers: Mapping[str, str] | None = None
) -> None:
    """Answer with a problem document; what may go better soon says when to come again."""
    told = {"content-type": problem.CONTENT_TYPE, **(headers or {})}
    if status in {TOO_MANY.status, 503}:
        told.setdefault("Retry-After", "5")
    lines = [(name.lower().encode(), value.encode()) for name, value in told.items()]
    await send({"type": "http.response.start", "status": status, "headers": lines})
    await send({"type": "http.response.body", "body": problem.body(status, detail)})


async def _until_over(slot: SlotSink, receive: Receive, send: Send) -> None:
    sending = asyncio.create_task(slot.run())
    others = [asyncio.create_task(each) for each in (_hung_up(receive), slot.asked_to_close(), _beat(slot))]
    try:
        await asyncio.wait([sending, *others], return_when=asyncio.FIRST_COMPLETED)
        if slot.is_closing:
            await asyncio.wait([sending], timeout=_FAREWELL_S)
            if not sending.done():
                abort(send)
            else:
                await send({"type": "http.response.body", "body": b""})
    finally:
        for task in (sending, *others):
            task.cancel()
        for task in (sending, *others):
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def _hung_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _beat(slot: SlotSink) -> None:
    while True:
        await asyncio.sleep(HEARTBEAT_S)
        slot.write(_BEAT)
