"""A WebSocket that stays: connects, subscribes, listens, and comes back when it is lost.

Knows no venue: a `Dialect` writes the subscriptions and reads their answers. The connection keeps
what is wanted as a set, and works off the difference to what the venue was told; so the same few
lines subscribe at first, follow changes, and replay everything after a reconnect.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, cast

from picows import (
    WSError,
    WSFrame,
    WSHandshakeError,
    WSListener,
    WSMsgType,
    WSTransport,
    ws_connect,
)

from candlewick.core.clock import Clock

if TYPE_CHECKING:
    from picows.picows import WSCloseHandshake

_TEXT: Final = WSMsgType.TEXT
_DATA: Final = (WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.CONTINUATION)


class Answer(NamedTuple):
    """A venue's answer to a control message: `error` is its sentence if it refused."""

    id: int
    error: str | None


class Dialect(Protocol):
    """How a venue is asked for streams."""

    def subscribe(self, id: int, streams: Sequence[str]) -> bytes: ...

    def unsubscribe(self, id: int, streams: Sequence[str]) -> bytes: ...

    def answer(self, raw: bytes) -> Answer | None:
        """The answer that `raw` is, or None. Asked only while an answer is awaited."""
        ...


@dataclass(frozen=True, slots=True)
class Policy:
    """How patient a connection is. Seconds throughout.

    Attributes:
        backoff_base_s, backoff_cap_s: the n-th wait in a row is drawn evenly from
            [0, min(cap, base × 2ⁿ)] ("full jitter", Brooker, 2015), so that many clients do not
            come back in step.
        steady_s: a connection that stood so long starts the count anew.
        ping_s: after so long without a byte, and once more without a pong, it is dead.
        idle_s: after so long without a message it is useless, whatever it pongs; None: may be silent.
        answer_s: how long a control message may stay unanswered.
        lifetime_s: renewed after so long, before the venue ends it.
        control_interval_s: at most one control message in this time; `batch` streams in each.
        max_bytes: a larger frame breaks the connection.
    """

    backoff_base_s: float = 0.5
    backoff_cap_s: float = 30.0
    steady_s: float = 3.0
    connect_s: float = 10.0
    ping_s: float = 10.0
    idle_s: float | None = 60.0
    answer_s: float = 10.0
    lifetime_s: float = 23.5 * 3600
    control_interval_s: float = 0.25
    batch: int = 100
    max_bytes: int = 8 * 1024 * 1024


class Connection:
    """One WebSocket and the streams that are wanted over it.

    Attributes:
        name: what people see when it is lost.
        wanted: the streams, in the order they were asked for.
        up: every wanted stream was confirmed since the last connect.
    """

    def __init__(
        self,
        name: str,
        url: str,
        dialect: Dialect,
        *,
        on_message: Callable[[bytes, int], None],
        on_up: Callable[[Connection], None],
        on_down: Callable[[Connection, str], None],
        on_refused: Callable[[str], None],
        clock: Clock,
        random: Random,
        policy: Policy,
    ) -> None:
        """`on_message` gets every message with the time it was received; `on_down` the reason."""
        self.name = name
        self.wanted: dict[str, None] = {}
        self.up = False
        self._url = url
        self._dialect = dialect
        self._on_message = on_message
        self._on_up = on_up
        self._on_down = on_down
        self._on_refused = on_refused
        self._now = clock.now_ns
        self._random = random
        self._policy = policy
        self._told: set[str] = set()
        self._awaited: dict[int, float] = {}
        self._last_id = 0
        self._frames = 0
        self._changed = asyncio.Event()
        self._end_reason = ""

    def want(self, streams: Iterable[str]) -> None:
        """Want these streams too, now and after every reconnect."""
        self.wanted.update(dict.fromkeys(streams))
        self._changed.set()

    def forget(self, streams: Iterable[str]) -> None:
        """Want them no longer."""
        for stream in streams:
            self.wanted.pop(stream, None)
        self._changed.set()

    async def run(self) -> None:
        """Keep the connection until cancelled."""
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            while not self.wanted:
                self._changed.clear()
                await self._changed.wait()
            began = loop.time()
            reason = await self._session()
            self._down(reason)
            stood_s = loop.time() - began
            failures = 0 if stood_s >= self._policy.steady_s else failures + 1
            await asyncio.sleep(self._backoff_s(failures))

    def _backoff_s(self, failures: int) -> float:
        # after a long life the first try comes soon, but not for everybody in the same instant
        ceiling = self._policy.backoff_base_s * 2.0 ** min(failures, 30)
        return self._random.uniform(0, min(self._policy.backoff_cap_s, ceiling))

    def _down(self, reason: str) -> None:
        self.up = False
        self._told.clear()
        self._awaited.clear()
        self._on_down(self, reason)

    async def _session(self) -> str:
        """Connect and listen until it ends; the reason why it did."""
        self._end_reason = ""
        try:
            async with asyncio.timeout(2 * self._policy.connect_s):  # connecting, and then the handshake
                transport, listener = await ws_connect(
                    lambda: _Listener(self),
                    self._url,
                    websocket_handshake_timeout=self._policy.connect_s,
                    enable_auto_ping=True,
                    auto_ping_idle_timeout=self._policy.ping_s,
                    auto_ping_reply_timeout=self._policy.ping_s,
                    max_frame_size=self._policy.max_bytes,
                )
        except WSHandshakeError as error:
            status = error.response.status if error.response is not None else None
            return f"refused with HTTP status {int(status)}" if status else f"no WebSocket: {error}"
        except TimeoutError:
            return "no connection in time"
        except (OSError, WSError) as error:
            return f"cannot connect: {error}"
        if cast("WSListener | None", listener) is None:  # whatever its stub says
            return "the venue hung up during the handshake"
        beside = [asyncio.create_task(self._control(transport)), asyncio.create_task(self._watch(transport))]
        for task in beside:  # without both there is nothing to wait for; if one failed, it is raised below
            task.add_done_callback(lambda _: transport.disconnect(graceful=False))
        try:
            await transport.wait_disconnected()
        except WSError as error:
            return str(error)
        finally:
            for task in beside:
                task.cancel()
            transport.disconnect(graceful=False)
            for task in beside:
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        return self._end_reason or _peer_reason(transport)

    async def _control(self, transport: WSTransport) -> None:
        """Tell the venue what is wanted, and what is no longer, under its limit of messages."""
        while True:
            self._changed.clear()
            while (message := self._next_message()) is not None:
                transport.send(_TEXT, message)
                await asyncio.sleep(self._policy.control_interval_s)
            self._settle()
            await self._changed.wait()

    def _next_message(self) -> bytes | None:
        batch = self._policy.batch
        gone = [stream for stream in self._told if stream not in self.wanted][:batch]
        fresh = [stream for stream in self.wanted if stream not in self._told][:batch]
        if not gone and not fresh:
            return None
        self._last_id += 1
        self._awaited[self._last_id] = asyncio.get_running_loop().time()
        if fresh:
            self._told.update(fresh)
            return self._dialect.subscribe(self._last_id, fresh)
        self._told.difference_update(gone)
        return self._dialect.unsubscribe(self._last_id, gone)

    def _settle(self) -> None:
        if not self.up and not self._awaited and self._told >= self.wanted.keys():
            self.up = True
            self._on_up(self)

    def _took_answer(self, raw: bytes) -> bool:
        answer = self._dialect.answer(raw)
        if answer is None or answer.id not in self._awaited:
            return False
        del self._awaited[answer.id]
        if answer.error is not None:
            self._on_refused(answer.error)
        self._settle()
        return True

    async def _watch(self, transport: WSTransport) -> None:
        """End the connection when it is silent, unanswering or old."""
        loop, policy = asyncio.get_running_loop(), self._policy
        began = heard = loop.time()
        seen = self._frames
        look_s = min(1.0, policy.answer_s / 4, (policy.idle_s or 60) / 4)
        while True:
            await asyncio.sleep(look_s)
            now = loop.time()
            if self._frames != seen or not self.wanted:
                seen, heard = self._frames, now
            if self._awaited and now - min(self._awaited.values()) > policy.answer_s:
                self._end_reason = f"a subscription was not answered within {policy.answer_s:g} s"
            elif policy.idle_s is not None and now - heard > policy.idle_s:
                self._end_reason = f"no message for {policy.idle_s:g} s"
            elif now - began > policy.lifetime_s:
                self._end_reason = "renewed before the venue's limit of its life"
            if self._end_reason:
                transport.disconnect(graceful=False)
                return


class _Listener(WSListener):
    """Hands the messages of one session on; puts fragments together first."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._on_message = connection._on_message
        self._now = connection._now
        self._parts: list[bytes] = []

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        connection = self._connection
        if frame.msg_type == _TEXT and frame.fin:
            raw = frame.get_payload_as_bytes()
        else:
            if frame.msg_type not in _DATA:
                return
            self._parts.append(frame.get_payload_as_bytes())
            if sum(map(len, self._parts)) > connection._policy.max_bytes:
                connection._end_reason = "a message in fragments grew beyond the limit"
                transport.disconnect(graceful=False)
                return
            if not frame.fin:
                return
            raw = b"".join(self._parts)
            self._parts.clear()
        connection._frames += 1
        if connection._awaited and connection._took_answer(raw):
            return
        self._on_message(raw, self._now())


def _peer_reason(transport: WSTransport) -> str:
    # None until a CLOSE frame came or went, whatever its stub says
    handshake = cast("WSCloseHandshake | None", transport.close_handshake)
    received = handshake.recv if handshake else None
    if received is None:
        return "connection lost"
    reason = f" ({received.reason})" if received.reason else ""
    return f"closed by the venue with code {int(received.code.value)}{reason}"
