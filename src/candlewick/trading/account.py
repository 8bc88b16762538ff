"""`AccountState`: all that is known of one account, the fold of its entries in the journal."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from typing import Final, NamedTuple

from candlewick.core.account import AccountKind, TradingState
from candlewick.core.clock import NS_PER_S
from candlewick.core.errors import UnknownOrder
from candlewick.core.order import Order
from candlewick.ledger.book import Book
from candlewick.ledger.fill_order import FillOrder
from candlewick.trading.entries import AccountOpened
from candlewick.trading.risk.limits import Limits
from candlewick.trading.settings import AccountSettings

RECENT_ORDERS: Final = 1_000
KNOWN_KEYS: Final = 10_000
RATE_WINDOW_NS: Final = 60 * NS_PER_S
DAY_NS: Final = 86_400 * NS_PER_S


class Keyed(NamedTuple):
    """What an idempotency key stands for: an order, and a digest of what was asked for with it."""

    order_id: str
    digest: str


class AccountState:
    """One account. Only `trading/folding` changes it, and only by entries.

    Attributes:
        state, reason: whether it may trade, and why it may not; `cause` is the code of a broken limit.
        kill, flatten: the kill switch is at work: orders are being cancelled, and positions closed.
        orders: what can still be filled, by id, oldest first.
        recent: the newest of those that cannot, by id, oldest first; `RECENT_ORDERS` of them, or more where
            one of their bracket works.
        keys: the newest idempotency keys, oldest first; `KNOWN_KEYS` of them.
        known_fills, known_funding: ids that were booked, by instrument.
        fill_orders: of a live account, its venue's order of fills by contract.
        known_transfers: ids of transfers. All three are sets in the order of booking, so that a snapshot need
            not sort a million of them.
        order_times: when the orders and amendments of the last minute were sent, ns, rising.
        day: UTC day of the newest `DayBegun`, in days since 1970.
        day_equity: what the daily loss is measured from: equity at 00:00 UTC, and what was paid in or
            out since. None: it was not known.
        peak_equity: the highest equity so far, moved by what was paid in or out. None: unknown.
    """

    __slots__ = (
        "book",
        "cause",
        "currency",
        "day",
        "day_equity",
        "fill_orders",
        "flatten",
        "keys",
        "kill",
        "kind",
        "known_fills",
        "known_funding",
        "known_transfers",
        "limits",
        "name",
        "number",
        "order_times",
        "orders",
        "peak_equity",
        "reason",
        "recent",
        "settings",
        "state",
        "venue",
    )

    def __init__(self, opened: AccountOpened) -> None:
        self.number = opened.account
        self.name = opened.name
        self.kind: AccountKind = opened.kind
        self.currency = opened.currency
        self.venue = opened.venue
        self.settings: AccountSettings = opened.settings
        self.limits: Limits = opened.limits
        self.state: TradingState = "ACTIVE"
        self.reason = ""
        self.cause = ""
        self.kill = False
        self.flatten = False
        self.book = Book(
            opened.account,
            opened.currency,
            opened.settings.lot_method,
            leverage=opened.settings.leverage,
            margin_mode=opened.settings.margin_mode,
        )
        self.orders: dict[str, Order] = {}
        self.recent: dict[str, Order] = {}
        self.keys: dict[str, Keyed] = {}
        self.known_fills: dict[str, dict[str, None]] = {}
        self.known_funding: dict[str, dict[str, None]] = {}
        self.fill_orders: dict[str, FillOrder] = {}
        self.known_transfers: dict[str, None] = {}
        self.order_times: deque[int] = deque()
        self.day = opened.ts // DAY_NS
        self.day_equity: Decimal | None = Decimal(0)
        self.peak_equity: Decimal | None = Decimal(0)

    def order(self, order_id: str) -> Order:
        """A working order, or one of the recent.

        Raises:
            UnknownOrder: it is neither.
        """
        order = self.find(order_id)
        if order is None:
            raise UnknownOrder(order_id)
        return order

    def find(self, order_id: str) -> Order | None:
        """A working order, or one of the recent; None: it is neither."""
        return self.orders.get(order_id) or self.recent.get(order_id)

    def keep(self, order: Order) -> None:
        """Put an order where its state belongs."""
        if order.is_working:
            self.orders[order.id] = order
            return
        self.orders.pop(order.id, None)
        self.recent[order.id] = order
        too_many = len(self.recent) - RECENT_ORDERS
        if too_many > 0:
            for id in list(islice(self._forgettable(order.id), too_many)):
                del self.recent[id]

    def _forgettable(self, newest: str) -> Iterator[str]:
        """Orders that are done, oldest first, but for those by which working stops and targets are judged.

        What is left to protect follows from an entry and all its legs, done or not.
        """
        entries = {order.parent or order.id for order in self.orders.values()}
        for order in self.recent.values():
            if (order.parent or order.id) not in entries and order.id != newest:
                yield order.id

    def remember_key(self, key: str, keyed: Keyed) -> None:
        """Remember what was sent under an idempotency key."""
        self.keys[key] = keyed
        while len(self.keys) > KNOWN_KEYS:
            del self.keys[next(iter(self.keys))]

    def count_order(self, ts: int) -> None:
        """Count an order or an amendment into the rate of the last minute."""
        times = self.order_times
        while times and times[0] <= ts - RATE_WINDOW_NS:
            times.popleft()
        while times and times[-1] > ts:
            times.pop()  # the clock was set back
        times.append(ts)

    def sent_lately(self, ts: int) -> list[int]:
        """When the orders and amendments of the 60 s before `ts` were sent; none that lies ahead of it."""
        return [each for each in self.order_times if ts - RATE_WINDOW_NS < each <= ts]

    def orders_in_last_minute(self, ts: int) -> int:
        """How many orders and amendments were sent in the 60 s before `ts`."""
        return len(self.sent_lately(ts))

    def position(self, instrument: str) -> Decimal:
        """What is held of an instrument, signed; zero when flat."""
        position = self.book.positions.get(instrument)
        return Decimal(0) if position is None else position.quantity

    def has_fill(self, instrument: str, fill_id: str) -> bool:
        """Whether a fill was booked."""
        return fill_id in self.known_fills.get(instrument, ())
