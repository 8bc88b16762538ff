"""One market of an account: who is asked, who reads the answers, and what was read so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from candlewick.core.instrument import Instrument
from candlewick.venues.binance.orders.endpoints import PrivateMarket
from candlewick.venues.binance.orders.mapper import Mapper
from candlewick.venues.binance.orders.rest import SignedRest


@dataclass(slots=True)
class Side:
    """One market of an account."""

    market: PrivateMarket
    rest: SignedRest
    mapper: Mapper
    instruments: Mapping[str, Instrument]  # by internal id
    income_until_ms: int
    held: dict[str, Decimal] = field(default_factory=dict)  # of spot, when it was last looked at

    def instrument(self, native: str) -> Instrument | None:
        """What is known of a symbol."""
        return self.instruments.get(self.mapper.instrument(native))
