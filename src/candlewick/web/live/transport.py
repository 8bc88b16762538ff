"""Writing to a connection without waiting for it.

Sending a frame through ASGI costs a coroutine and a masking-aware frame writer for each client. Here the
frame, made once for all, goes to the client's transport directly. That uses names inside uvicorn's
WebSocket protocol, so its version is pinned, nothing else in the house knows of it, and any other server
gets `SlotSink`: a list and a task that sends it through ASGI.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final, Protocol

import uvicorn
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.protocol import State

from candlewick.web.live.frames import Encoding, unframed

Send = Callable[[dict[str, Any]], Awaitable[None]]

PEER_LOST: Final = RuntimeError  # what uvloop raises for a connection that was lost a moment ago

_KNOWN_VERSION: Final = "0.54."
_KERNEL_BUFFER: Final = 256 * 1024  # bounds what the kernel hides of a reader that does not read
_ABORT_AFTER_S: Final = 5.0  # a peer that does not answer our close is cut


class Sink(Protocol):
    """Where a reader's bytes go."""

    encoding: Encoding

    def write(self, data: bytes) -> None:
        """Hand over whole frames; never waits."""
        ...

    def queued(self) -> int:
        """Bytes handed over that the peer's socket has not taken yet."""
        ...

    def close(self, code: int, reason: str) -> None:
        """End the connection, saying why."""
        ...


class DirectSink:
    """Writes to uvicorn's transport."""

    encoding: Encoding = "ws"

    def __init__(self, protocol: WebSocketsSansIOProtocol) -> None:
        self._protocol = protocol
        # Bound methods of the transport: a call per client and frame, so not through a method of ours.
        self.write = protocol.transport.write
        self.queued = protocol.transport.get_write_buffer_size
        raw: socket.socket | None = protocol.transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _KERNEL_BUFFER)

    def close(self, code: int, reason: str) -> None:
        protocol = self._protocol
        transport = protocol.transport
        if protocol.close_sent or transport.is_closing() or protocol.conn.state is not State.OPEN:
            return
        # Through ASGI a close waits until the peer has read all before it, which the slow one never does.
        protocol.conn.send_close(code, reason)
        transport.write(b"".join(protocol.conn.data_to_send()))
        protocol.close_sent = True
        protocol.close_timer = protocol.loop.call_later(_ABORT_AFTER_S, transport.abort)
        protocol.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        if protocol.read_paused:
            protocol.read_paused = False
            transport.resume_reading()


class SlotSink:
    """Collects what is written and sends it from a task of its own, through ASGI."""

    def __init__(
        self, encoding: Encoding, send: Send, wrap: Callable[[bytes], Iterable[dict[str, Any]]]
    ) -> None:
        self.encoding = encoding
        self._send = send
        self._wrap = wrap
        self._slot: list[bytes] = []
        self._size = 0
        self._filled = asyncio.Event()
        self._closing: tuple[int, str] | None = None
        self._asked = asyncio.Event()

    @property
    def is_closing(self) -> bool:
        return self._closing is not None

    async def asked_to_close(self) -> None:
        """Wait until `close` was called."""
        await self._asked.wait()

    def write(self, data: bytes) -> None:
        self._slot.append(data)
        self._size += len(data)
        self._filled.set()

    def queued(self) -> int:
        return self._size

    def close(self, code: int, reason: str) -> None:
        self._closing = self._closing or (code, reason)
        self._asked.set()
        self._filled.set()

    async def run(self) -> tuple[int, str]:
        """Send until closed, and return the code and reason it was closed with."""
        while True:
            await self._filled.wait()
            self._filled.clear()
            data, self._slot = b"".join(self._slot), []
            if data:
                for event in self._wrap(data):
                    await self._send(event)
                self._size -= len(data)
            if self._closing is not None and not self._slot:
                return self._closing


def direct_sink(send: Send) -> DirectSink | None:
    """A sink that writes directly, if the server behind `send` is the one we know."""
    protocol = getattr(send, "__self__", None)
    if isinstance(protocol, WebSocketsSansIOProtocol) and uvicorn.__version__.startswith(_KNOWN_VERSION):
        return DirectSink(protocol)
    return None


def websocket_slot(send: Send) -> SlotSink:
    """A sink for a WebSocket of any ASGI server."""

    def wrap(data: bytes) -> Iterable[dict[str, Any]]:
        return ({"type": "websocket.send", "text": message.decode()} for message in unframed(data))

    return SlotSink("ws", send, wrap)


def stream_slot(send: Send) -> SlotSink:
    """A sink for an event stream of any ASGI server."""

    def wrap(data: bytes) -> Iterable[dict[str, Any]]:
        return ({"type": "http.response.body", "body": data, "more_body": True},)

    return SlotSink("sse", send, wrap)


def abort(send: Send) -> None:
    """Cut the connection behind `send`, dropping what its peer has not read."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if isinstance(transport, asyncio.Transport):
        transport.abort()
