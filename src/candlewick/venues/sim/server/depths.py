"""Diffs of a book, gathered for each stream's pace: what `@depth` sends is everything since it last sent."""

from __future__ import annotations

from candlewick.venues.sim.model import DepthDiff
from candlewick.venues.sim.server.front import Front
from candlewick.venues.sim.server.streams import Stream


class DepthStreams:
    """The diff streams of one market. A book is watched only while somebody listens."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._pending: dict[str, list[DepthDiff]] = {}  # by stream
        self._watched: dict[str, list[Stream]] = {}  # by symbol

    def gather(self, streams: list[Stream]) -> None:
        """Cut each watched book's changes and give them to its streams; `streams` are all in demand now."""
        world, lines = self._front.world, self._front.lines
        wanted: dict[str, list[Stream]] = {}
        for stream in streams:
            if stream.listing is not None:
                wanted.setdefault(stream.listing.symbol, []).append(stream)
        for symbol in self._watched.keys() - wanted.keys():
            world.watch_depth(lines[symbol].listing, False)
        for symbol, its_streams in wanted.items():
            listing = lines[symbol].listing
            if symbol not in self._watched:
                world.watch_depth(listing, True)
            diff = world.depth_diff(listing)
            if diff is not None:
                for stream in its_streams:
                    self._append(stream.name, diff)
        if self._watched.keys() != wanted.keys() or len(self._pending) > len(streams):
            names = {stream.name for stream in streams}
            self._pending = {name: diffs for name, diffs in self._pending.items() if name in names}
        self._watched = wanted

    def _append(self, name: str, diff: DepthDiff) -> None:
        pending = self._pending.setdefault(name, [])
        if pending and diff.prev_id != pending[-1].last_id:
            # the book was begun anew (a suspended machine): merging would hide the gap from its readers
            pending.clear()
        pending.append(diff)

    def take(self, stream: Stream) -> DepthDiff | None:
        """Everything since the stream's last message, as one diff; None when nothing changed."""
        diffs = self._pending.pop(stream.name, None)
        return merge(diffs) if diffs else None


def merge(diffs: list[DepthDiff]) -> DepthDiff:
    """Consecutive diffs as one: the last word on each price stands."""
    if len(diffs) == 1:
        return diffs[0]
    bids: dict[int, int] = {}
    asks: dict[int, int] = {}
    for diff in diffs:
        bids.update(diff.bids)
        asks.update(diff.asks)
    first, last = diffs[0], diffs[-1]
    return DepthDiff(
        first.first_id,
        last.last_id,
        first.prev_id,
        last.ts_ms,
        sorted(bids.items(), reverse=True),
        sorted(asks.items()),
    )
