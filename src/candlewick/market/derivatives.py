"""`DerivativeState`: what is known of a perpetual beside its trades, put together from partial messages."""

from __future__ import annotations

from math import isfinite
from typing import Final

from candlewick.core.events import Derivative

PRICES: Final = ("last", "mark", "index", "open_interest")


class DerivativeState:
    """The newest known value of each field; None: nobody has said.

    A message carries some fields, each at its own time; an older message never replaces a newer value.
    Prices and open interest that are negative or not finite are counted and left out.

    Attributes:
        funding_rate: estimate for the coming settlement, as a fraction.
        next_funding: its time, ns.
        ts: exchange time of the newest message, ns; 0 before any.
        rejected: impossible values left out.
    """

    __slots__ = (
        "_times",
        "funding_rate",
        "index",
        "last",
        "mark",
        "next_funding",
        "open_interest",
        "rejected",
        "ts",
    )

    def __init__(self) -> None:
        self.last: float | None = None
        self.mark: float | None = None
        self.index: float | None = None
        self.funding_rate: float | None = None
        self.next_funding: int | None = None
        self.open_interest: float | None = None
        self.ts = 0
        self.rejected = 0
        self._times: dict[str, int] = {}

    @property
    def premium(self) -> float | None:
        """Mark above index, as a fraction of the index; None while either is unknown."""
        if self.mark is None or not self.index:
            return None
        return self.mark / self.index - 1.0

    def add(self, message: Derivative) -> bool:
        """Take what the message says; False if it says nothing new."""
        ts, changed = message.ts_exchange, False
        for name in PRICES:
            value = getattr(message, name)
            if value is not None and self._newer(name, ts):
                if value >= 0.0 and isfinite(value):
                    changed |= self._set(name, value, ts)
                else:
                    self.rejected += 1
        rate = message.funding_rate
        if rate is not None and self._newer("funding_rate", ts):
            if isfinite(rate):
                changed |= self._set("funding_rate", rate, ts)
            else:
                self.rejected += 1
        if message.next_funding is not None and self._newer("next_funding", ts):
            changed |= self._set("next_funding", message.next_funding, ts)
        self.ts = max(self.ts, ts)
        return changed

    def _newer(self, name: str, ts: int) -> bool:
        return ts >= self._times.get(name, 0)

    def _set(self, name: str, value: float, ts: int) -> bool:
        self._times[name] = ts
        changed = getattr(self, name) != value
        setattr(self, name, value)
        return bool(changed)
