"""One WebSocket connection: its streams, its control messages, its bounded way out."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web

from candlewick.venues.sim.model import Market
from candlewick.venues.sim.server import control
from candlewick.venues.sim.server.frames import PING, PONG, close_frame, frame
from candlewick.venues.sim.server.hub import Hub
from candlewick.venues.sim.server.limits import RateWindow
from candlewick.venues.sim.server.misbehave import Faults, StreamFaults
from candlewick.venues.sim.server.streams import Stream

# A reader further behind than this is cut off: it must never hold memory or slow anybody else.
MOST_QUEUED_BYTES = 4 * 1024 * 1024
TIMER_GRAIN_S = 0.001  # the loop's timers count in milliseconds
POLICY_VIOLATION = 1008
GOING_AWAY = 1001


@dataclass(frozen=True, slots=True)
class Rules:
    """What a market grants a connection."""

    control_per_s: int
    streams: int
    ping_s: float
    pong_within_s: float
    life_s: float = 24 * 3600.0


RULES: dict[Market, Rules] = {
    "spot": Rules(control_per_s=5, streams=1024, ping_s=20.0, pong_within_s=60.0),
    "perp": Rules(control_per_s=10, streams=200, ping_s=180.0, pong_within_s=600.0),
}


@dataclass(slots=True)
class Traffic:
    """Counters of one venue's connections."""

    open: int = 0
    accepted: int = 0
    messages: int = 0
    too_slow: int = 0
    too_many_requests: int = 0


@dataclass(slots=True, eq=False)
class Connection:
    """A client's stream connection. Frames queue up within one turn of the loop and leave in one write."""

    websocket: web.WebSocketResponse
    transport: asyncio.Transport
    hub: Hub
    rules: Rules
    find: Callable[[str], Stream | None]
    faults: Callable[[], Faults]
    fault_source: StreamFaults
    traffic: Traffic
    combined: bool
    streams: dict[str, Stream | None] = field(default_factory=dict)
    _out: list[bytes] = field(default_factory=list)
    _out_bytes: int = 0
    _last_pong: float = field(default_factory=time.monotonic)
    _expiry: asyncio.TimerHandle | None = None
    _late: deque[tuple[float, bytes]] = field(default_factory=deque)
    _release: asyncio.TimerHandle | None = None

    @property
    def faulty(self) -> bool:
        # what still waits must not be overtaken when the faults are switched off
        faults = self.faults()
        return faults.on_streams or faults.of_users.on_streams or bool(self._late)

    def subscribe(self, names: list[str]) -> None:
        """Add streams. Names nobody publishes are taken silently, as the venue does.

        Raises:
            ControlError: more streams than the market grants.
        """
        added = [name for name in names if name not in self.streams]
        if len(self.streams) + len(added) > self.rules.streams:
            raise control.ControlError(
                2, f"Invalid request: more than {self.rules.streams} streams on one connection"
            )
        for name in added:
            stream = self.streams[name] = self.find(name)
            if stream is not None:
                self.hub.subscribe(stream, self)

    def unsubscribe(self, names: list[str]) -> None:
        """Remove streams."""
        for name in names:
            if self.streams.pop(name, None) is not None:
                self.hub.unsubscribe(name, self)

    def subscribed(self) -> list[str]:
        """Its streams, in the order they were added."""
        return list(self.streams)

    def send(self, framed: bytes) -> None:
        """Queue a frame; all of one turn leave together."""
        if self.transport.is_closing():
            return
        if not self._out:
            asyncio.get_running_loop().call_soon(self._flush)
        self._out.append(framed)
        self._out_bytes += len(framed)
        self.traffic.messages += 1

    def send_faulty(self, stream: str, payload: bytes) -> None:
        """Queue what the faults leave of a stream message.

        A message never overtakes an earlier one: a slow line delays, and only `reorder` swaps.
        """
        if self.transport.is_closing():
            return
        now_s = asyncio.get_running_loop().time()
        faults = self.faults().of_users if self._is_user(stream) else self.faults()
        for delivery in self.fault_source.apply(faults, stream, payload):
            framed, release_s = frame(delivery.payload), now_s + delivery.delay_ms / 1000
            if not self._late and release_s <= now_s:
                self.send(framed)
                continue
            self._late.append((release_s, framed))
            self._out_bytes += len(framed)
        if self._out_bytes > MOST_QUEUED_BYTES:
            self._cut_slow()
        elif self._late and self._release is None:
            self._release = asyncio.get_running_loop().call_at(self._late[0][0], self._let_go)

    def _is_user(self, name: str) -> bool:
        stream = self.streams.get(name)
        return stream is not None and stream.kind == "user"

    def _let_go(self) -> None:
        """Send what has waited long enough."""
        loop = asyncio.get_running_loop()
        self._release = None
        while self._late and self._late[0][0] <= loop.time() + TIMER_GRAIN_S:
            _, framed = self._late.popleft()
            self._out_bytes -= len(framed)
            self.send(framed)
        if self._late:
            self._release = loop.call_at(self._late[0][0], self._let_go)

    def _flush(self) -> None:
        out, self._out = self._out, []
        self._out_bytes -= sum(map(len, out))
        if not out or self.transport.is_closing():
            return
        if self.transport.get_write_buffer_size() > MOST_QUEUED_BYTES:
            self._cut_slow()
            return
        self.transport.write(b"".join(out))

    def _cut_slow(self) -> None:
        self.traffic.too_slow += 1
        self.transport.abort()
        # not at once: the hub may be in the middle of giving a message to its subscribers
        asyncio.get_running_loop().call_soon(self._leave)

    def _leave(self) -> None:
        """Stop listening, and forget what still waits."""
        self.unsubscribe(list(self.streams))
        if self._release is not None:
            self._release.cancel()
        self._late.clear()
        self._out.clear()
        self._out_bytes = 0

    def close(self, code: int, reason: str) -> None:
        """Say goodbye and hang up."""
        self._flush()
        if not self.transport.is_closing():
            self.transport.write(close_frame(code, reason))
            self.transport.close()

    def limit_life(self) -> None:
        """Set when the connection is cut: after a day, or earlier where the faults say so."""
        life_s = self.rules.life_s
        if (faults := self.faults()).disconnect_ms:
            life_s = min(life_s, self.fault_source.life_ms(faults) / 1000)
        if faults.user_disconnect_ms and any(map(self._is_user, self.streams)):
            life_s = min(life_s, self.fault_source.life_ms(faults.of_users) / 1000)
        if self._expiry is not None:
            self._expiry.cancel()
        self._expiry = asyncio.get_running_loop().call_later(life_s, self.transport.abort)

    async def serve(self, names: list[str]) -> None:
        """Send the streams `names`, and read until the client leaves or breaks a rule."""
        loop = asyncio.get_running_loop()
        window = RateWindow(self.rules.control_per_s)
        heartbeat = loop.create_task(self._heartbeat())
        self.traffic.open += 1
        self.traffic.accepted += 1
        try:
            self.subscribe(names)
            self.limit_life()
            async for message in self.websocket:
                if not window.allow(loop.time()):
                    self.traffic.too_many_requests += 1
                    self.close(POLICY_VIOLATION, "Too many requests")
                    break
                if message.type is aiohttp.WSMsgType.PING:
                    self.send(frame(message.data, PONG))
                elif message.type is aiohttp.WSMsgType.PONG:
                    self._last_pong = loop.time()
                elif message.type is aiohttp.WSMsgType.TEXT:
                    self.send(frame(control.answer(self, message.data)))
                elif message.type is aiohttp.WSMsgType.BINARY:
                    self.send(frame(control.NOT_TEXT))
        except control.ControlError as error:
            self.close(POLICY_VIOLATION, error.message)
        finally:
            self.traffic.open -= 1
            if self._expiry is not None:
                self._expiry.cancel()
            heartbeat.cancel()
            self._leave()

    async def _heartbeat(self) -> None:
        loop = asyncio.get_running_loop()
        self._last_pong = loop.time()
        while True:
            await asyncio.sleep(self.rules.ping_s)
            if loop.time() - self._last_pong > self.rules.pong_within_s:
                self.transport.abort()
                return
            self.send(frame(str(time.time_ns() // 1_000_000).encode(), PING))
