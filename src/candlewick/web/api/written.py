"""The lake's candles as JSON, kept until their series changes: a bar is written once, not for each reader."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from candlewick.market.bars import COLUMNS, Bars, tidy_sum
from candlewick.store.lake import Lake

MOST_KEPT: Final = 50_000  # bars, about 7 MB
_A_RANGE: Final = 20  # what a kept range takes beside its bars, in bars: an empty one is not for nothing

Key = tuple[str, str, int | None, int | None, int]  # instrument, interval, start, end, limit


@dataclass(frozen=True, slots=True)
class Rows:
    """Bars, rising in time, each as the inside of a JSON object."""

    times: Sequence[int]
    inner: Sequence[bytes]

    def __len__(self) -> int:
        return len(self.times)

    def followed_by(self, tail: Rows, limit: int) -> Rows:
        """These, and newer ones behind them; of two versions of a bar the tail's. The newest `limit`."""
        kept = bisect_left(self.times, tail.times[0]) if len(tail) else len(self)
        times, inner = [*self.times[:kept], *tail.times], [*self.inner[:kept], *tail.inner]
        return Rows(times[-limit:], inner[-limit:])

    def json(self) -> bytes:
        """All of them as a JSON list."""
        return b"[{" + b"},{".join(self.inner) + b"}]" if len(self) else b"[]"


class WrittenCandles:
    """What is read of the lake's candles, for many threads."""

    def __init__(self, lake: Lake, most: int = MOST_KEPT) -> None:
        self._lake = lake
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[Key, tuple[int | None, Rows]] = OrderedDict()
        self._size = 0

    def rows(self, instrument: str, interval: str, start: int | None, end: int | None, limit: int) -> Rows:
        """The bars that `Lake.candles` gives for the same arguments."""
        key = instrument, interval, start, end, limit
        changes = self._lake.changes(instrument, interval)  # before what it tells of is read
        with self._lock:
            known = self._kept.get(key)
            if known is not None and known[0] == changes:
                self._kept.move_to_end(key)
                return known[1]
        rows = written(as_rows(self._lake.candles(instrument, interval, start, end, limit)))
        self._keep(key, changes, rows)
        return rows

    def _keep(self, key: Key, changes: int | None, rows: Rows) -> None:
        with self._lock:
            old = self._kept.pop(key, None)
            self._size += _size(rows) - (0 if old is None else _size(old[1]))
            self._kept[key] = changes, rows
            while self._size > self._most:
                _, (_, oldest) = self._kept.popitem(last=False)
                self._size -= _size(oldest)


def _size(rows: Rows) -> int:
    return len(rows) + _A_RANGE


def as_rows(bars: Bars) -> list[dict[str, Any]]:
    """Bars as the chart takes them. An unknown volume is null."""
    columns = [getattr(bars, name).tolist() for name in COLUMNS]
    return [as_row(*values) for values in zip(bars.time.tolist(), *columns, strict=True)]


def as_row(time: int, open: float, high: float, low: float, close: float, volume: float) -> dict[str, Any]:
    """A bar as the chart takes it."""
    return {
        "time": time,
        "open": open,
        "high": high,
        "low": low,
        "close": close,
        "volume": tidy_sum(volume),
    }


def written(rows: list[dict[str, Any]]) -> Rows:
    """Rows as JSON; nothing in them but numbers, so that braces stand between them only."""
    if not rows:
        return Rows((), ())
    return Rows([row["time"] for row in rows], orjson.dumps(rows)[2:-2].split(b"},{"))
