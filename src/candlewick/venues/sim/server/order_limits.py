"""How many orders an account may send: in windows of the clock, with the counts that every answer tells."""

from __future__ import annotations

from typing import NamedTuple

from candlewick.venues.sim.model import Market
from candlewick.venues.sim.server import errors


class OrderLimit(NamedTuple):
    """At most `limit` orders in `intervals` × `interval`."""

    interval: str
    intervals: int
    limit: int

    @property
    def window_ms(self) -> int:
        return self.intervals * {"SECOND": 1_000, "MINUTE": 60_000, "DAY": 86_400_000}[self.interval]

    @property
    def letter(self) -> str:
        """How headers write it: `10s`, `1m`, `1d`."""
        return f"{self.intervals}{self.interval[0].lower()}"

    def told(self) -> dict[str, object]:
        """As `exchangeInfo` and the WebSocket API write it."""
        return {
            "rateLimitType": "ORDERS",
            "interval": self.interval,
            "intervalNum": self.intervals,
            "limit": self.limit,
        }


ORDER_LIMITS: dict[Market, tuple[OrderLimit, ...]] = {
    "spot": (OrderLimit("SECOND", 10, 100), OrderLimit("DAY", 1, 200_000)),
    "perp": (OrderLimit("SECOND", 10, 300), OrderLimit("MINUTE", 1, 1_200)),
}


class OrderLimiter:
    """Counts orders by account; one limiter per venue and market."""

    def __init__(self, limits: tuple[OrderLimit, ...]) -> None:
        self.limits = limits
        self._windows: dict[str, list[tuple[int, int]]] = {}  # by account: (window, orders in it) a limit

    def spend(self, account: str, orders: int, now_ms: int) -> None:
        """Count `orders` more.

        Raises:
            Refusal: 429, -1015: there would be more than the limits grant.
        """
        counts = self.used(account, now_ms)
        for limit, used in zip(self.limits, counts, strict=True):
            if used + orders > limit.limit:
                wait_ms = limit.window_ms - now_ms % limit.window_ms
                raise errors.Refusal(
                    -1015,
                    f"Too many new orders; current limit is {limit.limit} orders per "
                    f"{limit.intervals} {limit.interval}.",
                    status=429,
                    retry_after_s=-(-wait_ms // 1000),
                )
        self._windows[account] = [
            (now_ms // limit.window_ms, used + orders)
            for limit, used in zip(self.limits, counts, strict=True)
        ]

    def used(self, account: str, now_ms: int) -> list[int]:
        """The orders of each running window."""
        known = self._windows.get(account) or [(-1, 0)] * len(self.limits)
        return [
            used if window == now_ms // limit.window_ms else 0
            for limit, (window, used) in zip(self.limits, known, strict=True)
        ]
