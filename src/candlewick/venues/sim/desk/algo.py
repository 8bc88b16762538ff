"""Conditional orders of perpetuals: they wait outside the book and send an order when their price comes."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NamedTuple

from candlewick.venues.sim.desk.margin import PerpTrader
from candlewick.venues.sim.desk.orders import ZERO, Order, Prevention
from candlewick.venues.sim.desk.trigger import Trigger
from candlewick.venues.sim.model import Listing

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


class AlgoReported(NamedTuple):
    """Something happened to a conditional order."""

    algo: AlgoOrder
