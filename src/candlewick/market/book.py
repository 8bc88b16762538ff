"""Order book: snapshots and diffs by the venue's own rule; whole and uncrossed, or not synchronised.

The rule is read off each message:

- a snapshot (`snapshot=True`) stands at `last_id` and already holds every update up to it;
- a diff with `prev_id` (Binance futures) follows the book when `prev_id` is the last id applied. The
  first diff on a snapshot must satisfy `first_id <= snapshot <= last_id`, or have the snapshot itself
  as its `prev_id`;
- a diff without (Binance spot) follows when `first_id <= last id + 1 <= last_id`;
- a venue that numbers nothing is taken in the order of arrival.

Quantities are absolute, so a diff that overlaps what is already known does no harm; one that leaves
something out is a gap. After a gap nothing is shown until a new snapshot joins the diffs held back since.
"""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Iterable
from itertools import islice
from math import inf
from typing import Final, Literal

from candlewick.core.events import BookChange, Level, Side

BookOutcome = Literal["applied", "synchronised", "buffered", "ignored", "gap"]

BUFFERED_DIFFS: Final = 4_096
# Ten times what the deepest book of a real venue holds: what grows beyond it is no book.
MOST_LEVELS: Final = 200_000
# This many messages in a row behind the book mean that the venue began to number anew.
BEHIND_LIMIT: Final = 256


class OrderBook:
    """The book of one instrument.

    Attributes:
        synchronised: the levels are whole; while False there are none to read.
        reason: why it is not synchronised, a sentence fragment; empty while it is.
        last_id: update id the book stands at; None where unknown.
        version: grows with every change of what can be read.
        gaps: how often `apply` answered "gap"; rejected: messages with impossible levels.
    """

    __slots__ = (
        "_asks", "_behind", "_behind_version", "_best_ask", "_best_bid", "_bids", "_buffer", "_compact_above",
        "_down", "_on_snapshot", "_up", "gaps", "last_id", "reason", "rejected", "synchronised", "version",
    )  # fmt: skip

    def __init__(self, *, buffered_diffs: int = BUFFERED_DIFFS) -> None:
        # Price → quantity. A removed level stays as 0 until it surfaces at the top or the side is
        # compacted: most removed levels return, and a dict write costs a third of a sorted removal.
        self._bids: dict[float, float] = {}
        self._asks: dict[float, float] = {}
        # The same prices, rising: the best bid is last, the best ask first.
        self._down: list[float] = []
        self._up: list[float] = []
        self._best_bid = 0.0
        self._best_ask = inf
        self._buffer: deque[BookChange] = deque(maxlen=buffered_diffs)
        self._compact_above = 0
        self._on_snapshot = False
        self._behind = 0
        self._behind_version = -1
        self.synchronised = False
        self.reason = "no snapshot yet"
        self.last_id: int | None = None
        self.version = 0
        self.gaps = 0
        self.rejected = 0

    def apply(self, change: BookChange) -> BookOutcome:
        """Fold one message.

        Returns:
            "applied"       the book changed;
            "synchronised"  it became whole with this message;
            "buffered"      a diff is held until a snapshot comes;
            "ignored"       it was older than the book;
            "gap"           the book is not, or no longer, synchronised: fetch a snapshot (`reason` says why).
        """
        if change.snapshot:
            return self._take_snapshot(change)
        if not self.synchronised:
            self._buffer.append(change)
            return "buffered"
        return self._take_diff(change)

    def desynchronise(self, reason: str) -> None:
        """Forget the book and everything held back: the connection it came over is gone."""
        self._buffer.clear()
        self._clear(reason)

    @property
    def best_bid(self) -> Level | None:
        """Price and quantity of the highest bid; None when there is none or it is not known."""
        return (self._best_bid, self._bids[self._best_bid]) if self._down else None

    @property
    def best_ask(self) -> Level | None:
        """Price and quantity of the lowest ask; None when there is none or it is not known."""
        return (self._best_ask, self._asks[self._best_ask]) if self._up else None

    def bids(self, n: int) -> list[Level]:
        """The `n` best bids, best first; empty while not synchronised."""
        return _standing(self._bids, self._down[: -n - 1 : -1]) or _search(
            self._bids, reversed(self._down), n
        )

    def asks(self, n: int) -> list[Level]:
        """The `n` best asks, best first; empty while not synchronised."""
        return _standing(self._asks, self._up[:n]) or _search(self._asks, self._up, n)

    def quantity_at(self, side: Side, price: float) -> float | None:
        """What is displayed at `price` by `side`; None where it is deeper than what is known of the book."""
        levels, prices = (self._bids, self._down) if side == "buy" else (self._asks, self._up)
        there = levels.get(price)
        if there is not None:
            return there
        if not prices:
            return None
        is_deeper = price < prices[0] if side == "buy" else price > prices[-1]
        return None if is_deeper else 0.0

    def depth(self) -> tuple[int, int]:
        """Number of bid and ask levels."""
        return sum(1 for q in self._bids.values() if q), sum(1 for q in self._asks.values() if q)

    def _take_diff(self, change: BookChange) -> BookOutcome:
        known, last = self.last_id, change.last_id
        if known is not None and last is not None:
            # A futures diff that ends where the snapshot stands is the one the rule starts with.
            if last <= known and not (last == known and self._on_snapshot and change.prev_id is not None):
                return self._count_behind()
            if not self._follows(change, known, last):
                return self._gap(f"update ids jump from {known} to {change.first_id}", keep=change)
            self.last_id = last
        self._on_snapshot = False
        if not (_merge(self._bids, self._down, change.bids) and _merge(self._asks, self._up, change.asks)):
            self.rejected += 1
            return self._gap("a level had an impossible price or quantity")
        self._find_best()
        if self._best_bid >= self._best_ask:
            return self._gap(f"bid {self._best_bid} met ask {self._best_ask}")
        if len(self._down) + len(self._up) > self._compact_above:
            self._compact()
            if len(self._down) + len(self._up) > MOST_LEVELS:
                return self._gap(f"it grew beyond {MOST_LEVELS} levels")
        self.version += 1
        return "applied"

    def _follows(self, change: BookChange, known: int, last: int) -> bool:
        """Whether nothing lies between the book at `known` and the diff that ends at `last`."""
        first, previous = change.first_id, change.prev_id
        if previous is None:
            return first is None or first <= known + 1
        return previous == known or (self._on_snapshot and first is not None and first <= known <= last)

    def _take_snapshot(self, snapshot: BookChange) -> BookOutcome:
        last = snapshot.last_id
        was_synchronised = self.synchronised
        if was_synchronised and last is not None and self.last_id is not None and last <= self.last_id:
            return self._count_behind()
        if not (_possible(snapshot.bids) and _possible(snapshot.asks)):
            self.rejected += 1
            return self._gap("the snapshot had an impossible price or quantity")
        # Only numbers tell which of the diffs held back the snapshot already holds.
        held = [] if last is None else [change for change in self._buffer if change.last_id is not None]
        self._set_levels(snapshot)
        if self._best_bid >= self._best_ask:
            return self._gap(f"the snapshot's bid {self._best_bid} met its ask {self._best_ask}")
        self.synchronised, self.reason, self.last_id, self._on_snapshot = True, "", last, True
        self.version += 1
        self._buffer.clear()
        if not self._join(held):
            return "gap"
        return "applied" if was_synchronised else "synchronised"

    def _join(self, held: list[BookChange]) -> bool:
        """Apply the diffs held back that follow the snapshot; False if that breaks the book."""
        at, newest = self.last_id, -1
        ahead: list[tuple[int, BookChange]] = []
        in_order = sorted(enumerate(held), key=lambda arrival: arrival[1].last_id or 0)
        for index, change in in_order:
            if self._leaves_gap(change):
                ahead.append((index, change))
                continue
            self._behind = 0  # any number of them may be older than the snapshot
            outcome = self._take_diff(change)
            if outcome == "gap":
                return False
            if outcome == "applied":
                newest = max(newest, index)
        # A number that later diffs have overtaken is nonsense; what came after all others is a gap.
        lost = [change for index, change in sorted(ahead, key=lambda arrival: arrival[0]) if index > newest]
        if not lost:
            return True
        if newest < 0:
            self._gap(f"the snapshot ({at}) is too old for the diffs from {lost[0].first_id} on")
        else:
            self._gap(f"update ids jump from {self.last_id} to {lost[0].first_id}")
        # They may still join a newer snapshot.
        self._buffer.extend(lost)
        return False

    def _leaves_gap(self, change: BookChange) -> bool:
        known, last = self.last_id, change.last_id
        return (
            known is not None and last is not None and last > known and not self._follows(change, known, last)
        )

    def _set_levels(self, snapshot: BookChange) -> None:
        self._bids = {price: quantity for price, quantity in snapshot.bids if quantity}
        self._asks = {price: quantity for price, quantity in snapshot.asks if quantity}
        self._down, self._up = sorted(self._bids), sorted(self._asks)
        self._find_best()
        self._compact()

    def _find_best(self) -> None:
        """Drop removed levels from the top of both sides, and note what stands there."""
        bids, down = self._bids, self._down
        while down and not bids[down[-1]]:
            del bids[down.pop()]
        self._best_bid = down[-1] if down else 0.0
        asks, up, gone = self._asks, self._up, 0
        for price in up:
            if asks[price]:
                break
            del asks[price]
            gone += 1
        if gone:
            del up[:gone]
        self._best_ask = up[0] if up else inf

    def _compact(self) -> None:
        """Drop removed levels everywhere, so that they never outnumber the live ones for long."""
        self._bids = {price: quantity for price, quantity in self._bids.items() if quantity}
        self._asks = {price: quantity for price, quantity in self._asks.items() if quantity}
        self._down = [price for price in self._down if price in self._bids]
        self._up = [price for price in self._up if price in self._asks]
        self._compact_above = min(2 * (len(self._down) + len(self._up)) + 256, MOST_LEVELS)

    def _count_behind(self) -> BookOutcome:
        if self._behind_version != self.version:
            self._behind_version, self._behind = self.version, 0
        self._behind += 1
        if self._behind < BEHIND_LIMIT:
            return "ignored"
        return self._gap(f"{BEHIND_LIMIT} messages in a row were older than the book")

    def _gap(self, reason: str, keep: BookChange | None = None) -> BookOutcome:
        self._clear(reason)
        if keep is not None:
            self._buffer.append(keep)
        self.gaps += 1
        return "gap"

    def _clear(self, reason: str) -> None:
        self._bids, self._asks, self._down, self._up = {}, {}, [], []
        self._best_bid, self._best_ask = 0.0, inf
        self.synchronised, self.reason, self.last_id, self._on_snapshot = False, reason, None, False
        self._behind = 0
        self.version += 1


def _merge(levels: dict[float, float], prices: list[float], changes: list[Level]) -> bool:
    """Write `changes` into one side; False at the first impossible level. NaN fails every comparison."""
    for price, quantity in changes:
        if price in levels:
            if not 0.0 <= quantity < inf:
                return False
            levels[price] = quantity
        elif 0.0 < price < inf and 0.0 <= quantity < inf:
            if quantity:
                levels[price] = quantity
                insort(prices, price)
        else:
            return False
    return True


def _possible(levels: list[Level]) -> bool:
    return all(0.0 < price < inf and 0.0 <= quantity < inf for price, quantity in levels)


def _standing(levels: dict[float, float], prices: list[float]) -> list[Level]:
    """The levels at `prices`, or nothing if one of them has been removed."""
    quantities = [levels[price] for price in prices]
    return [] if 0.0 in quantities else list(zip(prices, quantities, strict=True))


def _search(levels: dict[float, float], prices: Iterable[float], n: int) -> list[Level]:
    """The first `n` of `prices` that still stand, with their quantities."""
    standing = ((price, quantity) for price in prices if (quantity := levels[price]))
    return list(islice(standing, n))
