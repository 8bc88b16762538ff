"""The lanes of accounts: events numbered per account and channel, on disk before anybody hears of them.

A number is given when the event is decided; the event is written in the commit of the journal entries that it
comes from, and sent after it. So nothing is told that a crash could take back, and no number is given twice.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Final

import msgspec

from candlewick.runtime.accounts.shapes import encode
from candlewick.store.journal.batch import LaneRow

CHANNELS: Final = ("portfolio", "positions", "orders", "alerts", "risk", "strategies")
KEPT_EVENTS: Final = 200  # of a channel, at hand


class AccountLanes:
    """All accounts' lanes. A channel's name is `orders@12`: what it is of, and whose.

    Args:
        state: the data of a channel's snapshot as the heart has it now; None: its newest events.
        when_settled: calls back once all that was decided so far is on disk; at once if it is.

    Attributes:
        on_event: called with name, seq and message of each event that is on disk.
    """

    def __init__(
        self, state: Callable[[int, str], Any], when_settled: Callable[[Callable[[], None]], None]
    ) -> None:
        self.on_event: Callable[[str, int, bytes], None] = lambda channel, seq, message: None
        self._state = state
        self._when_settled = when_settled
        self._sent: dict[str, deque[tuple[int, bytes]]] = {}
        self._last: dict[str, int] = {}

    def open(self, account: int, newest: Callable[[str], list[tuple[int, bytes]]]) -> None:
        """Begin an account's lanes after the `newest` events of each channel that are on disk."""
        for channel in CHANNELS:
            events = newest(channel)
            name = f"{channel}@{account}"
            self._sent[name] = deque(events, maxlen=KEPT_EVENTS)
            self._last[name] = events[-1][0] if events else 0

    def forget(self, account: int) -> None:
        """Take back `open`: the account did not come to be."""
        for channel in CHANNELS:
            self._sent.pop(f"{channel}@{account}", None)
            self._last.pop(f"{channel}@{account}", None)

    def number(self, account: int, channel: str, type: str, data: Any, ts: int) -> LaneRow:
        """The next event of a channel; it counts as sent only once it is `publish`ed."""
        name = f"{channel}@{account}"
        seq = self._last[name] = self._last[name] + 1
        message = {"type": type, "channel": channel, "account": account, "seq": seq, "data": data}
        return LaneRow(account, channel, seq, ts, encode(message))

    def publish(self, event: LaneRow) -> None:
        """Send an event that is on disk."""
        name = f"{event.channel}@{event.account}"
        self._sent[name].append((event.seq, event.message))
        self.on_event(name, event.seq, event.message)

    def channels(self) -> tuple[str, ...]:
        return tuple(self._sent)

    def last_seqs(self) -> dict[str, int]:
        """The newest sent number of each channel."""
        return {name: events[-1][0] if events else 0 for name, events in self._sent.items()}

    def snapshot(self, name: str, send: Callable[[int, bytes], None]) -> None:
        """Have `send` called with a channel's state of now and its number, once all that it shows is on disk.

        The state is read now: what is decided until then may not be on disk yet when this is.
        """
        channel, _, account = name.partition("@")
        seq, data = self._last[name], self._state(int(account), channel)

        def told() -> None:
            shown = self._newest(name) if data is None else data
            message = {"type": f"{channel}_snapshot", "channel": channel, "account": int(account), "seq": seq}
            send(seq, encode(message | {"data": shown}))

        self._when_settled(told)

    def _newest(self, name: str) -> list[Any]:
        return [msgspec.json.decode(message)["data"] for _, message in self._sent[name]]
