"""`Stepper`: the orders of one account in one instrument, driven from Python one event at a time."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, Protocol

import numpy as np

from candlewick.core.events import Level, Side
from candlewick.fills import bar, depth, step
from candlewick.fills.state import (
    ACTION,
    ACTIONS,
    ARRIVING,
    BUY,
    DONE,
    LIMIT,
    MARKET,
    ORDER,
    POSITION,
    RESTING,
    RULES,
    TAKEN,
    WAITING,
    Action,
    Levels,
    Rows,
    Rules,
)

NAN: Final = math.nan
TOP: Final = 50
"""Levels looked at first; more are read when an order wants more than they hold."""
DEEPEST: Final = 5_000
UNSEEN: Final = 100
"""Levels assumed behind a quote."""


Displayed = Callable[[Side, float], float | None]
"""What is displayed by a side at a price; None: deeper than is known."""


class Book(Protocol):
    """A book that is whole. `market.book.OrderBook` is one."""

    @property
    def best_bid(self) -> Level | None: ...

    @property
    def best_ask(self) -> Level | None: ...

    def bids(self, n: int) -> list[Level]: ...

    def asks(self, n: int) -> list[Level]: ...

    def quantity_at(self, side: Side, price: float) -> float | None:
        """What is displayed at `price` by `side`; None: deeper than the book is known."""
        ...


class Stepper:
    """Holds the arrays of one account's orders in one instrument, and drives the core over them.

    Orders are known by the caller's ids and stand in order of arrival. `position` is in units, signed; the
    core moves it with each fill, and whoever owns the truth may set it.
    """

    def __init__(self, rules: Rules, *, rows: int = 16) -> None:
        self._orders = np.zeros(rows, ORDER)
        self._rules = np.array([tuple(rules)], RULES)[0]
        self._position = np.zeros(1, POSITION)[0]
        self._taken = np.zeros((2, 4 * TOP), TAKEN)
        self._held = np.zeros(2, np.int64)
        self._out = np.zeros(ACTIONS, ACTION)
        self._displayed = np.full(rows, NAN)
        self._levels = (np.empty((TOP, 2)), np.empty((TOP, 2)))
        self._ids: list[str] = []
        self._edges_known = False
        self._remembers = False
        self._quoted: tuple[float, float, float, float] | None = None
        self._arriving = False
        self._waiting = False
        self._resting: list[tuple[int, Side, float]] = []
        self._highest_buy, self._lowest_sell = -math.inf, math.inf
        self._below, self._above = -math.inf, math.inf

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, id: str) -> bool:
        return id in self._ids

    @property
    def rows(self) -> Rows:
        """The orders' own rows, in order of arrival: what a loop in machine code works on."""
        return self._orders[: len(self._ids)]

    @property
    def ids(self) -> tuple[str, ...]:
        """The orders, in order of arrival."""
        return tuple(self._ids)

    @property
    def position(self) -> float:
        """Units held, signed."""
        return float(self._position["quantity"])

    @position.setter
    def position(self, quantity: float) -> None:
        self._position["quantity"] = quantity

    @property
    def is_idle(self) -> bool:
        """Whether it has no orders, and remembers nothing that was taken."""
        return not self._ids and not self._remembers

    @property
    def waits(self) -> bool:
        """Whether an order waits for its trigger."""
        self._find_edges()
        return self._waiting

    def set_rules(self, rules: Rules) -> None:
        """Fees, slippage and steps from here on. The lot may not change while orders stand."""
        self._rules = np.array([tuple(rules)], RULES)[0]

    def add(
        self,
        id: str,
        *,
        side: int,
        kind: int,
        quantity: float,
        limit: float = NAN,
        stop: float = NAN,
        trail: float = NAN,
        trail_rate: float = 0.0,
        tif: int = 0,
        post_only: bool = False,
        reduce_only: bool = False,
        filled: float = 0.0,
        stage: int | None = None,
        group: int = 0,
        left: float = NAN,
    ) -> None:
        """An order comes in; it acts with the next step. `stage` is given for one that was here before.

        Those of a `group` close one entry, of which `left` units are held: what one of them closes the
        others no longer can. Only bars look at that.
        """
        if stage is None:
            stage = ARRIVING if kind in (MARKET, LIMIT) else WAITING
        row = len(self._ids)
        if row == len(self._orders):
            self._orders = np.concatenate([self._orders, np.zeros(row, ORDER)])
            self._displayed = np.concatenate([self._displayed, np.full(row, NAN)])
        self._orders[row] = (kind, side, stage, tif, post_only, reduce_only, quantity, filled,
                             limit, stop, trail, trail_rate, NAN, NAN, 0.0, 0.0, group, left)  # fmt: skip
        self._ids.append(id)
        self._edges_known = False

    def remove(self, id: str) -> None:
        """Take an order out; those behind it keep their order."""
        row = self._ids.index(id)
        n = len(self._ids)
        self._orders[row : n - 1] = self._orders[row + 1 : n]
        del self._ids[row]
        self._edges_known = False

    def resize(self, id: str, quantity: float) -> None:
        """The order asks for less; it keeps its place in the queue."""
        self._orders["quantity"][self._ids.index(id)] = quantity

    def set_stop(self, id: str, stop: float) -> None:
        """Have an order wait at another price; it keeps its place among the others."""
        self._orders["stop"][self._ids.index(id)] = stop
        self._edges_known = False

    def best(self, id: str) -> float:
        """Best price since a trailing stop began; NaN: it has not."""
        return float(self._orders["best"][self._ids.index(id)])

    def set_best(self, id: str, best: float) -> None:
        """Have a trailing stop go on from a price it has seen."""
        self._orders["best"][self._ids.index(id)] = best

    def ahead(self, id: str) -> float | None:
        """Estimated units in front of a resting order at its price; None: its level is not in sight."""
        ahead = float(self._orders[self._ids.index(id)]["ahead"])
        return None if math.isnan(ahead) else ahead

    def price(self, price: float) -> list[Action]:
        """The price that triggers look at. What it sets off acts with the next `book` or `quote`."""
        if not self.waits:
            return []
        return self._drain(
            lambda: step.step_price(self._orders, len(self._ids), self._rules, price, self._out)
        )

    def trade(self, price: float, quantity: float, taker: int) -> list[Action]:
        """A trade was printed; `taker` is the direction of its taker."""
        self._find_edges()
        if (price > self._highest_buy) if taker != BUY else (price < self._lowest_sell):
            return []
        self._make_room()
        count = step.step_trade(
            self._orders, len(self._ids), self._rules, self._position, price, quantity, taker, self._out
        )
        return self._collect(count)

    def book(self, book: Book) -> list[Action]:
        """The book, whole."""
        actions: list[Action] = []
        self._find_edges()
        if self._remembers:
            self._forget(book.quantity_at)
        bid, ask = book.best_bid, book.best_ask
        if self._stirs(bid[0] if bid else -math.inf, ask[0] if ask else math.inf):
            n = DEEPEST if self._arriving and self._wants_more_than(book) else TOP
            bids, asks = self._fill_levels(book.bids(n), book.asks(n))
            actions = self._take(bids, asks, DEEPEST)
            self._find_edges()
        if self._resting:
            self._queue(book.quantity_at)
        return actions

    def quote(self, bid: float, bid_quantity: float, ask: float, ask_quantity: float) -> list[Action]:
        """Best bid and ask, where no book is whole. Depth behind them is assumed for takers alone."""

        def displayed(side: Side, price: float) -> float | None:
            best, there = (bid, bid_quantity) if side == "buy" else (ask, ask_quantity)
            if price == best:
                return there
            return 0.0 if (price > best) == (side == "buy") else None

        actions: list[Action] = []
        self._find_edges()
        quoted = (bid, bid_quantity, ask, ask_quantity)
        if self._remembers and quoted != self._quoted:
            self._forget(lambda side, price: displayed(side, price) or 0.0)  # what was assumed is forgotten
        self._quoted = quoted
        if self._stirs(bid, ask):
            rows = UNSEEN if self._arriving else 1
            bids, asks = np.empty((rows, 2)), np.empty((rows, 2))
            spread = max(ask - bid, float(self._rules["tick"]))
            n_bids = depth.ladder(bids, bid, bid_quantity, spread, -1)
            n_asks = depth.ladder(asks, ask, ask_quantity, spread, 1)
            actions = self._take(bids[:n_bids], asks[:n_asks], 1)
            self._find_edges()
        if self._resting:
            self._queue(displayed)
        return actions

    def open(self, price: float) -> list[Action]:
        """The first trade of a bar."""
        if self._sleeps(price, price):
            return []
        self._make_room()
        self._edges_known = False
        return self._drain(
            lambda: bar.step_open(self._orders, len(self._ids), self._rules, self._position, price, self._out)
        )

    def range(self, high: float, low: float, close: float) -> list[Action]:
        """The rest of a bar, after its `open`."""
        if self._sleeps(high, low):
            return []
        self._make_room()
        self._edges_known = False
        return self._drain(
            lambda: bar.step_range(
                self._orders, len(self._ids), self._rules, self._position, high, low, close, self._out
            )
        )

    def settle(self) -> list[Action]:
        """The position was set from outside: reduce-only orders without anything to reduce end."""
        return self._drain(
            lambda: step.step_position(self._orders, len(self._ids), self._position, self._out, 0)
        )

    def _sleeps(self, high: float, low: float) -> bool:
        """Whether prices between these can do nothing to any order: so it is in most bars."""
        self._find_edges()
        return low > self._below and high < self._above

    def _stirs(self, bid: float, ask: float) -> bool:
        """Whether this best bid and ask can do more than move queues."""
        return self._arriving or ask <= self._highest_buy or bid >= self._lowest_sell

    def _take(self, bids: Levels, asks: Levels, shown: int) -> list[Action]:
        room = int(self._held.max()) + max(len(bids), len(asks))
        if room > self._taken.shape[1]:
            taken = np.zeros((2, 2 * room), TAKEN)
            taken[:, : self._taken.shape[1]] = self._taken
            self._taken = taken
        self._edges_known = False  # an order that comes to rest makes no action
        actions = self._drain(
            lambda: step.step_book(
                self._orders, len(self._ids), self._rules, self._position,
                bids, asks, shown, self._taken, self._held, self._out,
            )
        )  # fmt: skip
        self._remembers = bool(self._held.any())
        return actions

    def _forget(self, displayed: Displayed) -> None:
        """Remember of what was taken no more than is still displayed."""
        sides: tuple[Side, Side] = ("buy", "sell")
        for row, side in enumerate(sides):
            held = int(self._held[row])
            if held:
                prices = self._taken[row]["price"][:held].tolist()
                there = [displayed(side, price) for price in prices]
                now = np.array([NAN if each is None else each for each in there])
                self._held[row] = depth.refresh(self._taken[row], held, now, float(self._rules["lot"]))
        self._remembers = bool(self._held.any())

    def _queue(self, displayed: Displayed) -> None:
        """Let the resting orders see what stands at their prices."""
        now = self._displayed
        for row, side, price in self._resting:
            there = displayed(side, price)
            now[row] = NAN if there is None else there
        step.step_depth(self._orders, len(self._ids), self._rules, now)

    def _make_room(self) -> None:
        """Have a print or a bar done in one step: neither may be looked at twice."""
        if len(self._out) < 3 * len(self._ids) + 3:
            self._out = np.zeros(6 * len(self._ids), ACTION)

    def _drain(self, once: Callable[[], int]) -> list[Action]:
        """Step until all of it is done, however many actions that takes."""
        count = once()
        actions = self._collect(count)
        while step.is_full(self._out, count):
            count = once()
            actions += self._collect(count)
        return actions

    def _collect(self, count: int) -> list[Action]:
        """The actions written, in order; orders that are done leave."""
        if not count:
            return []
        self._edges_known = False
        ids = self._ids
        actions = [
            Action(ids[row], what, reason, maker, price, quantity, fee)
            for what, reason, maker, row, price, quantity, fee in self._out[:count].tolist()
        ]
        n = len(ids)
        kept = np.flatnonzero(self._orders["stage"][:n] != DONE)
        if len(kept) < n:
            self._orders[: len(kept)] = self._orders[kept]
            self._ids = [ids[row] for row in kept]
        return actions

    def _find_edges(self) -> None:
        """Note where the resting orders stand, so that most events need not reach the core."""
        if self._edges_known:
            return
        rows = self._orders[: len(self._ids)]
        stages = rows["stage"].tolist()
        self._arriving, self._waiting = ARRIVING in stages, WAITING in stages
        self._resting = [
            (row, "buy" if side == BUY else "sell", limit)
            for row, (stage, side, limit) in enumerate(
                zip(stages, rows["side"].tolist(), rows["limit"].tolist(), strict=True)
            )
            if stage == RESTING
        ]
        self._highest_buy = max(
            (price for _, side, price in self._resting if side == "buy"), default=-math.inf
        )
        self._lowest_sell = min(
            (price for _, side, price in self._resting if side == "sell"), default=math.inf
        )
        self._below, self._above = bar.edges(rows, len(rows)) if len(rows) else (-math.inf, math.inf)
        self._edges_known = True

    def _wants_more_than(self, book: Book) -> bool:
        """Whether the arriving orders might reach past the top of the book."""
        rows = self._orders[: len(self._ids)]
        arriving = rows[rows["stage"] == ARRIVING]
        wanted = float((arriving["quantity"] - arriving["filled"]).sum()) * (float(self._rules["lot"]) or 1.0)
        taken = float(self._taken["quantity"].sum()) * (float(self._rules["lot"]) or 1.0)
        there = min(sum(quantity for _, quantity in side) for side in (book.bids(TOP), book.asks(TOP)))
        return there < wanted + taken

    def _fill_levels(self, bids: list[Level], asks: list[Level]) -> tuple[Levels, Levels]:
        """Both sides as arrays, in memory that is used again."""
        if max(len(bids), len(asks)) > len(self._levels[0]):
            size = 2 * max(len(bids), len(asks))
            self._levels = (np.empty((size, 2)), np.empty((size, 2)))
        down, up = self._levels[0][: len(bids)], self._levels[1][: len(asks)]
        if bids:
            down[:] = bids
        if asks:
            up[:] = asks
        return down, up
