"""Feed health for people: figures every second, a change of state at once and kept."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, Final

from candlewick.core.clock import Clock
from candlewick.runtime.publish.lanes import Lanes
from candlewick.runtime.publish.market import MarketLane
from candlewick.venues.contract import FeedState, MarketFeed

LOOK_S: Final = 0.25
FIGURES_EVERY: Final = 4  # looks


class HealthWatch:
    """Looks at every feed's health four times a second and publishes it on the channel `feeds`."""

    def __init__(
        self,
        feeds: Iterable[MarketFeed],
        lanes: Lanes,
        market: MarketLane,
        clock: Clock,
        clock_skew_warning_ms: float,
    ) -> None:
        self._feeds = list(feeds)
        self._lanes = lanes
        self._market = market
        self._clock = clock
        self._clock_skew_warning_ms = clock_skew_warning_ms
        self._states: dict[str, FeedState] = {}
        self._counted: dict[str, int] = {}
        self._rates: dict[str, float] = {}
        self._skewed: set[str] = set()
        lanes.snapshot_of("feeds", self.state)

    def state(self) -> dict[str, dict[str, Any]]:
        """All feeds, as people see them."""
        return {feed.venue.id: self._one(feed) for feed in self._feeds}

    async def run(self) -> None:
        looks = 0
        while True:
            for feed in self._feeds:
                self._look(feed)
            if looks % FIGURES_EVERY == 0:
                self._count()
                message = {"type": "feed_health", "channel": "feeds", "data": self.state()}
                self._market.send_now("feeds", message)
            looks += 1
            await asyncio.sleep(LOOK_S)

    def _look(self, feed: MarketFeed) -> None:
        venue, health = feed.venue.id, feed.health
        if self._states.get(venue) != health.state:
            self._states[venue] = health.state
            self._lanes.append("feeds", "feed_health", {venue: self._one(feed)}, self._clock.now_ns())
        skew = health.clock_skew_ms
        skewed = skew is not None and abs(skew) > self._clock_skew_warning_ms
        if skew is not None and skewed and venue not in self._skewed:
            relation = "ahead of" if skew > 0 else "behind"
            text = (
                f"The clock of {feed.venue.title} is {abs(skew) / 1000:.2f} s {relation}"
                " this machine's. Times and latencies are corrected for it; check this machine's clock."
            )
            self._lanes.notice("WARNING", f"Clock skew on {venue}", text, self._clock.now_ns())
        (self._skewed.add if skewed else self._skewed.discard)(venue)

    def _count(self) -> None:
        for feed in self._feeds:
            venue, messages = feed.venue.id, feed.health.messages
            self._rates[venue] = (messages - self._counted.get(venue, messages)) / (LOOK_S * FIGURES_EVERY)
            self._counted[venue] = messages

    def _one(self, feed: MarketFeed) -> dict[str, Any]:
        health = feed.health
        return {
            "title": feed.venue.title,
            "simulated": feed.venue.simulated,
            "state": health.state,
            "latency_ms": _rounded(health.latency_ms),
            "messages_s": round(self._rates.get(feed.venue.id, 0.0)),
            "messages": health.messages,
            "gaps": health.gaps,
            "reconnects": health.reconnects,
            "malformed": sum(health.malformed.values()),
            "malformed_by_reason": health.malformed,
            "clock_skew_ms": _rounded(health.clock_skew_ms),
            "last_error": health.last_error,
        }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
