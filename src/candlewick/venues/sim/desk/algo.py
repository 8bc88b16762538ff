"""Conditional orders of perpetuals: they wait outside the book and send an order when their price comes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NamedTuple

from candlewick.venues.sim.desk.desk import Desk
from candlewick.venues.sim.desk.margin import PerpTrader
from candlewick.venues.sim.desk.orders import ZERO, Order, Prevention
from candlewick.venues.sim.desk.trigger import Trigger
from candlewick.venues.sim.model import Listing, Print
from candlewick.venues.sim.refusal import Refusal

MOST_WAITING = 200
_KEPT = 10_000

AlgoStatus = Literal["NEW", "CANCELED", "TRIGGERING", "TRIGGERED", "FINISHED", "REJECTED", "EXPIRED"]


@dataclass(slots=True, eq=False, kw_only=True)
class AlgoOrder:
    """A conditional order, in ticks and lots.

    Attributes:
        ticks: the limit of the order it sends; 0 for a market order.
        close_position: it sends whatever closes the position, and has no lots of its own.
        callback_rate: the distance of a trailing one, in percent.
        actual: the order it sent.
        why: what was wrong with that order.
    """

    id: int
    client_id: str
    trader: PerpTrader
    listing: Listing
    sells: bool
    type: str
    time_in_force: str
    lots: int
    ticks: int
    stop_ticks: int
    trigger: Trigger
    working_type: str
    created_ms: int
    close_position: bool = False
    reduce_only: bool = False
    price_protect: bool = False
    activate_ticks: int = 0
    callback_rate: Decimal = ZERO
    good_till_ms: int = 0
    prevention: Prevention = "EXPIRE_MAKER"
    status: AlgoStatus = "NEW"
    updated_ms: int = 0
    triggered_ms: int = 0
    actual: Order | None = None
    why: str = ""

    @property
    def ended(self) -> bool:
        return self.status not in ("NEW", "TRIGGERING", "TRIGGERED")


class AlgoReported(NamedTuple):
    """Something happened to a conditional order."""

    algo: AlgoOrder


class Algos:
    """The conditional orders of all accounts; those whose price came go to `desk` as orders."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._algos: dict[PerpTrader, dict[int, AlgoOrder]] = {}
        self._pending: dict[str, dict[int, AlgoOrder]] = {}  # by symbol: those that wait
        self._sent: dict[int, AlgoOrder] = {}  # by the order they sent, while that is open

    def of(self, trader: PerpTrader) -> list[AlgoOrder]:
        """All that a trader has sent, oldest first."""
        return list(self._algos.get(trader, {}).values())

    def place(self, algo: AlgoOrder) -> AlgoOrder:
        """Take a conditional order.

        Raises:
            Refusal: it would trigger at once, its name is taken, or there are too many.
        """
        known = self._algos.setdefault(algo.trader, {})
        waiting = [each for each in known.values() if each.status == "NEW"]
        if any(each.client_id == algo.client_id for each in waiting):
            raise self._desk.duplicate()
        if len(waiting) >= MOST_WAITING:
            raise Refusal(-4045, "Reach max stop order limit.")
        if algo.trigger.would_fire(self.price(algo.listing, algo.working_type)):
            raise Refusal(-2021, "Order would immediately trigger.")
        algo.trader.position(algo.listing)
        known[algo.id] = algo
        if len(known) > _KEPT:
            ended = next((each for each in known.values() if each.ended), None)
            if ended is not None:
                del known[ended.id]
        self._pending.setdefault(algo.listing.symbol, {})[algo.id] = algo
        self._set(algo, "NEW")
        return algo

    def price(self, listing: Listing, working_type: str) -> float:
        """The price, in ticks, at which conditional orders look."""
        if working_type == "MARK_PRICE":
            return self._desk.world.premium(listing).mark
        return self._desk.world.last(listing)

    def end(self, algo: AlgoOrder, status: Literal["CANCELED", "EXPIRED"]) -> None:
        """End a conditional order that still waits."""
        if algo.status == "NEW":
            self._forget(algo)
            self._set(algo, status)

    def _forget(self, algo: AlgoOrder) -> None:
        self._pending.get(algo.listing.symbol, {}).pop(algo.id, None)

    def waiting(self, trader: PerpTrader, listing: Listing) -> list[AlgoOrder]:
        """Those of a trader that wait in one listing."""
        return [each for each in self._pending.get(listing.symbol, {}).values() if each.trader is trader]

    def _set(self, algo: AlgoOrder, status: AlgoStatus) -> None:
        algo.status = status
        algo.updated_ms = self._desk.now_ms
        self._desk.tell(AlgoReported(algo))

    def _trigger(self, algo: AlgoOrder) -> None:
        self._forget(algo)
        algo.triggered_ms = self._desk.now_ms
        self._set(algo, "TRIGGERING")
        held = algo.trader.position(algo.listing).lots
        if algo.close_position and (not held or (held > 0) != algo.sells):
            self._set(algo, "EXPIRED")
            return
        order = Order(
            id=self._desk.next_id(),
            client_id=algo.client_id,
            trader=algo.trader,
            listing=algo.listing,
            sells=algo.sells,
            type="LIMIT" if algo.ticks else "MARKET",
            original_type=algo.type,
            time_in_force=algo.time_in_force,
            ticks=algo.ticks,
            lots=abs(held) if algo.close_position else algo.lots,
            stop_ticks=algo.stop_ticks,
            prevention=algo.prevention,
            reduce_only=algo.reduce_only or algo.close_position,
            close_position=algo.close_position,
            good_till_ms=algo.good_till_ms,
            working_type=algo.working_type,
            created_ms=self._desk.now_ms,
        )
        algo.actual = order
        self._sent[order.id] = algo
        try:
            self._desk.place(order)
        except Refusal as refusal:
            algo.why = refusal.message
            del self._sent[order.id]
            algo.actual = None
            self._set(algo, "REJECTED")

    def follow(self, order: Order) -> None:
        """Tell of the conditional order that sent this one."""
        algo = self._sent.get(order.id)
        if algo is None:
            return
        if algo.status == "TRIGGERING":
            self._set(algo, "TRIGGERED")
        if not order.open:
            del self._sent[order.id]
            self._set(algo, "FINISHED")

    def step(self, prints: Iterable[tuple[Listing, Print]]) -> None:
        """Look at what printed, at the mark, and at the time."""
        for listing, trade in prints:
            for algo in list(self._pending.get(listing.symbol, {}).values()):
                if algo.working_type == "CONTRACT_PRICE" and algo.trigger.sees(trade.ticks):
                    self._trigger(algo)
        for pending in list(self._pending.values()):
            for algo in list(pending.values()):
                if algo.good_till_ms and algo.good_till_ms <= self._desk.now_ms:
                    self.end(algo, "EXPIRED")
                elif algo.working_type == "MARK_PRICE" and algo.trigger.sees(
                    self.price(algo.listing, "MARK_PRICE")
                ):
                    self._trigger(algo)
        for algo in [each for each in self._sent.values() if each.status == "TRIGGERING"]:
            self._set(algo, "TRIGGERED")
