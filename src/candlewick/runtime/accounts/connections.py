"""How live accounts are connected with their venues: counted, and told to their people where it stays broken.

A stream that is lost and made again within seconds costs nothing, for what was missed is asked for; of that
only the counters speak. One that stays away means that fills and ends are not heard of, which somebody who
trades has to know.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from candlewick.core.clock import NS_PER_S, Clock
from candlewick.venues.execution import OrderHealth

LOOK_S: Final = 1.0
PATIENCE_NS: Final = 10 * NS_PER_S
Notice = Callable[[str, str, str, int, Iterable[int]], None]


class Connections:
    """Looks at each live account's health every second.

    Args:
        health: of every account that trades at a venue, by its number.
        tell: a numbered notice to some accounts.
    """

    def __init__(self, health: Callable[[], Mapping[int, OrderHealth]], tell: Notice, clock: Clock) -> None:
        self._health = health
        self._tell = tell
        self._clock = clock
        self._away_since: dict[int, int] = {}
        self._told: set[int] = set()

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(LOOK_S)

    def look(self) -> None:
        """Tell of connections that are away for too long by now, and of those that are back."""
        now = self._clock.now_ns()
        for account, health in self._health().items():
            away = sorted(health.markets - health.up)
            if not away:
                self._away_since.pop(account, None)
                if account in self._told:
                    self._told.discard(account)
                    text = "All streams stand again. What was missed meanwhile is asked for and booked."
                    self._tell("INFO", "The venue is heard again", text, now, (account,))
            elif now - self._away_since.setdefault(account, now) >= PATIENCE_NS and account not in self._told:
                self._told.add(account)
                why = f" {health.last_error}" if health.last_error else ""
                text = (
                    f"No news of {' and '.join(away)} orders come.{why} They stand at the venue all the "
                    "same: what becomes of them is booked when the stream is back."
                )
                self._tell("CRITICAL", "The venue is not heard", text, now, (account,))

    def metrics(self) -> dict[str, Any]:
        """Counters and gauges by name; the labels are account and market."""
        health = self._health()
        return {
            "account_stream_up": {
                account: {market: int(market in each.up) for market in sorted(each.markets)}
                for account, each in health.items()
            },
            "account_stream_reconnects_total": {account: each.reconnects for account, each in health.items()},
            "account_stream_malformed_total": {account: each.malformed for account, each in health.items()},
        }
