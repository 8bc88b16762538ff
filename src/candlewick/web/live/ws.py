"""`/ws/`: live data over a WebSocket."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import orjson

from candlewick.web.live import messages
from candlewick.web.live.access import STRANGER, TOO_MANY, Refused, Scope
from candlewick.web.live.channels import ACCOUNT_LANES
from candlewick.web.live.hub import Hub
from candlewick.web.live.readers import Reader
from candlewick.web.live.transport import Send, Sink, SlotSink, direct_sink, websocket_slot
from candlewick.web.people.identity import Person

Receive = Callable[[], Awaitable[dict[str, Any]]]
Admit = Callable[[Scope], Awaitable[Person | Refused]]

MESSAGE_BYTES: Final = 16 * 1024  # the server closes with 1009 whoever sends more
_TOO_MUCH: Final = 4429
_FAREWELL_S: Final = 2.0  # what is queued may still go out for so long after a close
_NAMES_AT_ONCE: Final = 256


class Allowance:
    """A bucket of messages that fills up again with time."""

    def __init__(self, per_s: float, burst: int, now: float) -> None:
        self._per_s, self._burst = per_s, float(burst)
        self._left, self._at = float(burst), now

    def take(self, now: float) -> bool:
        """Use one up; False if none is left."""
        self._left = min(self._burst, self._left + (now - self._at) * self._per_s)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


async def serve_websocket(scope: Scope, receive: Receive, send: Send, hub: Hub, admit: Admit) -> None:
    """One WebSocket, from its handshake to its end."""
    await receive()  # websocket.connect
    person = await admit(scope)
    if isinstance(person, Person) and hub.connections_of(person.id) >= hub.limits.connections_per_user:
        person = TOO_MANY
    if isinstance(person, Refused):
        await _refuse(send, person)
        return
    await send({"type": "websocket.accept"})
    address = str((scope.get("client") or ("",))[0])
    sink: Sink | None = direct_sink(send)
    if sink is not None:
        await _converse(receive, hub, hub.join(sink, person, address))
        return
    await _through_asgi(receive, send, hub, person, address)


async def _through_asgi(receive: Receive, send: Send, hub: Hub, person: Person, address: str) -> None:
    slot = websocket_slot(send)
    sending = asyncio.create_task(_send_until_closed(slot, send))
    try:
        await _converse(receive, hub, hub.join(slot, person, address))
        if slot.is_closing:
            await asyncio.wait([sending], timeout=_FAREWELL_S)
    finally:
        sending.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await sending


async def _send_until_closed(slot: SlotSink, send: Send) -> None:
    code, reason = await slot.run()
    await send({"type": "websocket.close", "code": code, "reason": reason})


async def _refuse(send: Send, refused: Refused) -> None:
    if refused.code == STRANGER.code or refused.code == TOO_MANY.code:
        # A browser shows a page the close code only of a connection that was open.
        await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": refused.code, "reason": refused.detail})


async def _converse(receive: Receive, hub: Hub, reader: Reader) -> None:
    allowance = Allowance(hub.limits.messages_per_s, hub.limits.message_burst, time.monotonic())
    try:
        while True:
            event = await receive()
            if event["type"] == "websocket.disconnect":
                return
            if not allowance.take(time.monotonic()):
                hub.close(reader, _TOO_MUCH, "You send too many messages.")
                return
            obey(hub, reader, event.get("text"))
    finally:
        hub.leave(reader)


def obey(hub: Hub, reader: Reader, text: str | None) -> None:
    """Do what a reader's message says, or tell it what is wrong with it."""
    try:
        message = orjson.loads(text or "")
    except orjson.JSONDecodeError:
        hub.tell(reader, messages.error("malformed", "A message must be one JSON object, as text."))
        return
    match message:
        case {"action": "subscribe", "channels": [*names]} if _are_names(names):
            hub.subscribe(reader, _of_account(names, message.get("account")))
        case {"action": "unsubscribe", "channels": [*names]} if _are_names(names):
            hub.unsubscribe(reader, _of_account(names, message.get("account")))
        case {"action": "resync", "channel": str(name)}:
            hub.resync(reader, name)
        case {"action": "component"} if hub.take_component is not None:
            hub.take_component(reader, message)
        case {"action": "subscribe" | "unsubscribe" as action}:
            text = f"Give {action!r} its 'channels': a list of at most {_NAMES_AT_ONCE} names."
            hub.tell(reader, messages.error("malformed", text))
        case {"action": "resync"}:
            hub.tell(reader, messages.error("malformed", "Give 'resync' its 'channel': one name."))
        case {"action": str(action)}:
            hub.tell(reader, messages.error("unknown_action", f"There is no action {action[:40]!r}."))
        case _:
            hub.tell(reader, messages.error("malformed", "A message needs an 'action'."))


def _of_account(names: list[str], account: object) -> list[str]:
    """Channels of accounts that name none are of `account`, where the message has one."""
    if account is None:
        return names
    return [f"{name}:{account}"[:80] if name in ACCOUNT_LANES else name for name in names]


def _are_names(names: list[Any]) -> bool:
    return len(names) <= _NAMES_AT_ONCE and all(isinstance(name, str) for name in names)
