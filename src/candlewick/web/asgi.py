"""The one ASGI application: live endpoints natively, everything else through Django's bridge."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from django.db import close_old_connections

from candlewick.web.bridge import Bridge
from candlewick.web.journal.export import serve_export
from candlewick.web.live import access
from candlewick.web.live.access import Refused, Scope
from candlewick.web.live.hub import Hub
from candlewick.web.live.sse import serve_stream
from candlewick.web.live.ws import serve_websocket
from candlewick.web.people.identity import Person
from candlewick.web.portfolio import export as portfolio
from candlewick.web.services import Services

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Application:
    """Routes each connection to its endpoint."""

    def __init__(self, bridge: Bridge, hub: Hub, services: Services) -> None:
        self._bridge = bridge
        self._hub = hub
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        match scope["type"], scope.get("path"):
            case "http", "/healthz":
                await _answer_alive(send)
            case "http", "/stream/":
                await serve_stream(scope, receive, send, self._hub, self._admit)
            case "http", "/trades/export.csv" | "/trades/export.parquet":
                await serve_export(scope, receive, send, self._services, self._bridge, self._admit_typed)
            case "http", str(path) if path in portfolio.EXPORTS:
                admit = self._admit_typed
                await portfolio.serve_export(scope, receive, send, self._services, self._bridge, admit)
            case "http", _:
                await self._bridge(scope, receive, send)
            case "websocket", "/ws/":
                await serve_websocket(scope, receive, send, self._hub, self._admit)
            case "websocket", _:
                await _refuse_websocket(send)

    async def _admit(self, scope: Scope) -> Person | Refused:
        return await self._bridge.run(_admit_with_database, scope)

    async def _admit_typed(self, scope: Scope) -> Person | Refused:
        return await self._bridge.run(_admit_with_database, scope, True)


def _admit_with_database(scope: Scope, typed: bool = False) -> Person | Refused:
    close_old_connections()
    return access.admit(scope, typed=typed)


async def _answer_alive(send: Send) -> None:
    """The process is alive: answered without a thread, so that a busy pool does not get it killed."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"ok\n"})


async def _refuse_websocket(send: Send) -> None:
    # a refusal with a status of our choosing makes uvicorn 0.54 log an error each time
    await send({"type": "websocket.close"})
