"""What a signed request is made of: who asked, and the table row that answers it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from candlewick.venues.sim.desk.account import Account
from candlewick.venues.sim.server.parameters import Parameters

Verb = Literal["GET", "POST", "PUT", "DELETE"]
Security = Literal["key", "signed", "trade"]  # a key alone; a signature; a signature that may trade


@dataclass(frozen=True, slots=True)
class Asked:
    """One private request: what was sent, when, and by which account."""

    parameters: Parameters
    now_ms: int
    account: Account


Handler = Callable[[Any, Asked], object]  # of the market's side, which the table's own type knows
Count = int | Callable[[Parameters], int]


class Route(NamedTuple):
    """A private request of REST and, where `method` names it, of the WebSocket API.

    `orders` is what it counts against the limits of orders.
    """

    verb: Verb
    path: str
    handler: Handler
    weight: Count
    security: Security = "signed"
    orders: Count = 0
    method: str = ""

    def costs(self, parameters: Parameters) -> tuple[int, int]:
        """(weight, orders) of a request with these parameters."""
        weight, orders = (
            count if isinstance(count, int) else count(parameters) for count in (self.weight, self.orders)
        )
        return weight, orders
