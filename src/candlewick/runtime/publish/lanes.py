"""The system's lanes: `alerts` (notices) and `feeds` (a change of a feed's state), numbered without a gap.

An event is written to the lane log before anybody hears of it, so that no number is ever given
twice, not even across a `kill -9`. Accounts have lanes of their own, in `runtime/accounts`.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson

from candlewick.core.clock import iso
from candlewick.store.lane_log import LaneLog

KEPT_EVENTS = 200  # of a channel, at hand
LOGGED_EVENTS = 10_000  # of a channel, in the log: older ones are forgotten at a start

log = logging.getLogger(__name__)


class Lanes:
    """All lanes of one engine. Lives on one event loop; the log is written on a thread of its own.

    Attributes:
        on_event: called with channel, seq and message once an event is written, or could not be.
        failed: events that could not be written; they were sent all the same.
    """

    def __init__(self, store: LaneLog, channels: tuple[str, ...]) -> None:
        self.on_event: Callable[[str, int, bytes], None] = lambda channel, seq, message: None
        self.failed = 0
        self._log = store
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="lane-log")
        self._events: dict[str, deque[tuple[int, bytes]]] = {}
        self._next_seq: dict[str, int] = {}
        self._states: dict[str, Callable[[], Any]] = {}
        self._unsent: set[asyncio.Future[None]] = set()
        for channel in channels:
            events = store.newest(channel, KEPT_EVENTS)
            self._events[channel] = deque(events, maxlen=KEPT_EVENTS)
            self._next_seq[channel] = (events[-1][0] if events else 0) + 1
            store.forget_before(channel, self._next_seq[channel] - LOGGED_EVENTS)

    def snapshot_of(self, channel: str, state: Callable[[], Any]) -> None:
        """Let `state()` be the data of the channel's snapshot, instead of its newest events."""
        self._states[channel] = state

    def channels(self) -> tuple[str, ...]:
        return tuple(self._events)

    def append(self, channel: str, type: str, data: Any, ts_ns: int) -> None:
        """Number an event, write it, then send it. Returns before it is written."""
        seq = self._next_seq[channel]
        self._next_seq[channel] = seq + 1
        message = orjson.dumps({"type": type, "channel": channel, "seq": seq, "data": data})
        written = asyncio.get_running_loop().run_in_executor(
            self._writer, self._log.append, channel, seq, ts_ns, message
        )
        # one writer thread and callbacks in order of completion: events leave in the order of their numbers
        self._unsent.add(written)
        written.add_done_callback(lambda done: self._send(channel, seq, message, done))

    def notice(self, severity: str, title: str, message: str, ts_ns: int) -> None:
        """Append a sentence that people should read to `alerts`."""
        data = {"severity": severity, "title": title, "message": message, "timestamp": iso(ts_ns)}
        self.append("alerts", "alert", data, ts_ns)

    def snapshot(self, channel: str, send: Callable[[int, bytes], None]) -> None:
        """Call `send` with the newest written seq and the `<channel>_snapshot` message that carries it."""
        events = self._events[channel]
        seq = events[-1][0] if events else 0
        state = self._states.get(channel)
        data = state() if state else [orjson.loads(message)["data"] for _, message in events]
        message = {"type": f"{channel}_snapshot", "channel": channel, "seq": seq, "data": data}
        send(seq, orjson.dumps(message))

    def last_seqs(self) -> dict[str, int]:
        """The newest written seq of each channel."""
        return {channel: events[-1][0] if events else 0 for channel, events in self._events.items()}

    async def close(self) -> None:
        """Wait until all is written."""
        await asyncio.gather(*self._unsent, return_exceptions=True)
        await asyncio.sleep(0)  # the callbacks that send them run once more
        self._writer.shutdown()
        self._log.close()

    def _send(self, channel: str, seq: int, message: bytes, written: asyncio.Future[None]) -> None:
        self._unsent.discard(written)
        error = None if written.cancelled() else written.exception()
        if written.cancelled() or error is not None:
            self.failed += 1
            log.error("Event %d of %s could not be written: %s", seq, channel, error or "cut off")
        # an event whose log is full is still told: silence would leave a gap in the numbers
        self._events[channel].append((seq, message))
        self.on_event(channel, seq, message)
