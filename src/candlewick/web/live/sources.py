"""The newest of each market channel, and what changed in it since a version.

A source counts its changes. Whoever serves a group of readers remembers the version it served last and
asks for what came `since`; a newcomer gets the `whole`.
"""

from __future__ import annotations

import time
from collections import deque
from itertools import islice
from typing import Any, Final, Protocol

import orjson

from candlewick.core.clock import iso
from candlewick.web.live.channels import is_figures

KEYS_KEPT: Final = 4  # newest keys of a channel; older ones have been served long ago
TAPE_SHOWN: Final = 50  # rows a newcomer sees
NO_MORE: Final = b"null"
TAPE_KEPT: Final = 250  # more rows than this between two frames: the oldest are not shown


class Source(Protocol):
    """What one market channel holds."""

    version: int

    def apply(self, key: str, body: bytes) -> None:
        """Take a body from the engine; bodies of different keys do not replace each other."""
        ...

    def whole(self, version: int) -> list[bytes]:
        """The messages that tell a newcomer all, as of `version` where rows are counted."""
        ...

    def since(self, version: int) -> list[bytes]:
        """The messages that tell what changed after `version`."""
        ...


class StateSource:
    """A channel whose bodies are complete messages: the newest of each key wins.

    Candles are keyed by their time, so that the end of a bar is not lost behind the next one's start.
    """

    __slots__ = ("_newest", "version")

    def __init__(self) -> None:
        self.version = 0
        self._newest: dict[str, tuple[int, bytes]] = {}

    def apply(self, key: str, body: bytes) -> None:
        self.version += 1
        newest = self._newest
        if key not in newest and len(newest) >= KEYS_KEPT:
            del newest[next(iter(newest))]
        newest[key] = (self.version, body)

    def whole(self, version: int) -> list[bytes]:
        return [max(self._newest.values())[1]] if self._newest else []

    def since(self, version: int) -> list[bytes]:
        if self.version <= version:
            return []
        return [body for at, body in self._newest.values() if at > version]


class FiguresSource:
    """Figures that prices move: a complete message for each key; an empty body says that the key is gone."""

    def __init__(self) -> None:
        self.version = 0
        self._newest: dict[str, tuple[int, bytes]] = {}

    def apply(self, key: str, body: bytes) -> None:
        self.version += 1
        if body == NO_MORE:
            self._newest.pop(key, None)
        else:
            self._newest[key] = (self.version, body)

    def whole(self, version: int) -> list[bytes]:
        return [body for _, body in self._newest.values()]

    def since(self, version: int) -> list[bytes]:
        return [body for at, body in self._newest.values() if at > version]


class MapSource:
    """A channel of values by symbol, whose body holds the changed ones."""

    def __init__(self, kind: str, channel: str, *, stamped: bool) -> None:
        self.version = 0
        self._head = {"type": kind, "channel": channel}
        self._stamped = stamped
        self._values: dict[str, Any] = {}
        self._changed: dict[str, int] = {}

    def apply(self, key: str, body: bytes) -> None:
        values = orjson.loads(body)
        self.version += 1
        self._values |= values
        self._changed |= dict.fromkeys(values, self.version)

    def whole(self, version: int) -> list[bytes]:
        return self._message(self._values)

    def since(self, version: int) -> list[bytes]:
        if self.version <= version:
            return []
        values = self._values
        return self._message({key: values[key] for key, at in self._changed.items() if at > version})

    def _message(self, values: dict[str, Any]) -> list[bytes]:
        if not values:
            return []
        message = self._head | {"data": values}
        if self._stamped:
            message["timestamp"] = iso(time.time_ns())
        return [orjson.dumps(message)]


class RowsSource:
    """A tape: the body is a JSON array of new rows, oldest first."""

    def __init__(self, kind: str, channel: str) -> None:
        self.version = 0  # rows so far
        self._head = {"type": kind, "channel": channel}
        self._rows: deque[Any] = deque(maxlen=TAPE_KEPT)

    def apply(self, key: str, body: bytes) -> None:
        rows = _after_known(orjson.loads(body), self._rows[-1] if self._rows else None)
        self._rows.extend(rows)
        self.version += len(rows)

    def whole(self, version: int) -> list[bytes]:
        # The rows after `version` reach the newcomer with its group's next frame: not twice.
        upto = len(self._rows) - min(self.version - version, len(self._rows))
        rows = list(islice(self._rows, max(0, upto - TAPE_SHOWN), upto))
        return [orjson.dumps(self._head | {"data": rows, "snapshot": True})]

    def since(self, version: int) -> list[bytes]:
        if self.version <= version:
            return []
        fresh = min(self.version - version, len(self._rows))
        rows = list(islice(self._rows, len(self._rows) - fresh, None))
        return [orjson.dumps(self._head | {"data": rows})]


def source_of(channel: str) -> Source:
    """An empty source for the canonical `channel`."""
    if channel == "prices":
        return MapSource("price_tick", channel, stamped=True)
    if channel in ("tickers", "funding"):
        return MapSource(channel, channel, stamped=False)
    if channel.startswith("tape:"):
        return RowsSource("trades", channel)
    return FiguresSource() if is_figures(channel) else StateSource()


def _after_known(rows: list[Any], known: Any) -> list[Any]:
    """The rows after the one we hold last: the engine sends its whole tape again to a newcomer."""
    for index in range(len(rows) - 1, -1, -1):
        if rows[index] == known:
            return rows[index + 1 :]
    return rows
