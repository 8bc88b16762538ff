"""`Tape`: the newest trades of one instrument, each once, in the venue's order."""

from __future__ import annotations

from bisect import insort
from collections import deque
from itertools import islice
from math import inf

from candlewick.core.events import Trade
from candlewick.market.trade_ids import RENUMBERED_NS, TradeIds


class Tape:
    """A bounded list of the newest trades.

    A trade that comes late takes its place among the others; one older than all that are kept has none.

    Attributes:
        count: how many trades have been taken so far; with `since`, tells what is new.
    """

    __slots__ = ("_arrived", "_last", "_length", "_names", "_trades", "count")

    def __init__(self, length: int) -> None:
        self._length = length
        # In the venue's order, and in the order of arrival. They differ only after a late trade.
        self._trades: deque[Trade] = deque(maxlen=length)
        self._arrived: deque[Trade] = deque(maxlen=length)
        self._names = TradeIds(numbered=False)
        self._last = -1
        self.count = 0

    def __len__(self) -> int:
        return len(self._trades)

    def add(self, trade: Trade) -> bool:
        """Take a trade; False if it is not new, is older than what is kept, or is impossible."""
        if not (0.0 < trade.price < inf and 0.0 < trade.quantity < inf):
            return False
        id = trade.id
        if isinstance(id, str):
            if not self._names.take(id, trade.ts_exchange):
                return False
        elif id > self._last:
            self._last = id
        else:
            return self._add_late(trade)
        self._trades.append(trade)
        self._arrived.append(trade)
        self.count += 1
        return True

    def newest(self, n: int) -> list[Trade]:
        """The `n` newest trades, newest first."""
        return list(islice(reversed(self._trades), max(n, 0)))

    def since(self, count: int) -> list[Trade]:
        """What was taken since `self.count` was `count`, in order of arrival, as far as it is kept."""
        fresh = min(self.count - count, len(self._arrived))
        return list(islice(self._arrived, len(self._arrived) - fresh, None)) if fresh > 0 else []

    def _add_late(self, trade: Trade) -> bool:
        if self._trades and trade.ts_exchange > self._trades[-1].ts_exchange + RENUMBERED_NS:
            # Lower and yet newer: the venue began to number anew.
            self._trades.clear()
            self._last = int(trade.id)
        if any(each.id == trade.id for each in self._trades):
            return False
        kept = list(self._trades)
        insort(kept, trade, key=lambda each: each.id)
        if len(kept) > self._length and kept[0] is trade:
            return False
        self._trades = deque(kept, maxlen=self._length)
        self._arrived.append(trade)
        self.count += 1
        return True
