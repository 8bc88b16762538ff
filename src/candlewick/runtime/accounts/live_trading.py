"""Live accounts: switched on in the settings' file and signed with a key of their own, or they do not trade.

A live account that may not trade here is not quietly filled on paper: its orders are refused with the reason.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from decimal import Decimal

from candlewick.core.account import MarginMode
from candlewick.core.clock import Clock
from candlewick.core.errors import CandlewickError, ConfigError
from candlewick.core.instrument import Instrument
from candlewick.core.order import Order, Terms
from candlewick.core.reports import AmendRefused, CancelRefused, LeverageRefused, Refused, VenueState
from candlewick.runtime import wiring
from candlewick.runtime.settings import Settings
from candlewick.store.keys import Vault, load
from candlewick.store.venue_keys import for_account
from candlewick.venues.execution import OrderHealth, OrderVenue, Tell

log = logging.getLogger(__name__)


class LiveTrading:
    """The order venues of live accounts.

    Args:
        knows: whether the heart has an order of an account, working or done.
        tell: takes what a venue that is closed answers.
    """

    def __init__(
        self, settings: Settings, *, knows: Callable[[int, str], bool], tell: Tell, clock: Clock
    ) -> None:
        self._settings = settings
        self._knows = knows
        self._tell = tell
        self._clock = clock
        self._venues: dict[str, wiring.LiveVenue] = {}
        self._of: dict[int, wiring.LiveVenue | Closed] = {}
        self._running: asyncio.TaskGroup | None = None

    def admit(self, account: int, name: str, venue: str, since_ns: int | None = None) -> None:
        """Let an account trade at its venue.

        Raises:
            ConfigError: it is not switched on, or has no key.
            StoreError: its key cannot be read.
        """
        switch = self._settings.accounts.get(name)
        if switch is None or not switch.live:
            raise ConfigError(
                f"Account {name!r} is not switched on. Write [accounts.{name}] with live = true, its venue "
                "and its key into candlewick.toml, and start the engine anew."
            )
        if switch.venue != venue:
            raise ConfigError(f"Account {name!r} is of {venue}, but candlewick.toml says {switch.venue}.")
        secret = for_account(self._settings.rows, self._vault(), account)
        if secret is None or secret.label != switch.key or secret.venue != venue:
            raise ConfigError(
                f"Account {name!r} has no key {switch.key!r} of {venue}. "
                f"Add it: candlewick key add {venue} --label {switch.key} --account {name}"
            )
        there = self._venues.get(venue) or self._begin(venue)
        there.add(account, name, wiring.credentials(secret), live=switch.live, since_ns=since_ns)
        self._of[account] = there

    def close_to(self, account: int, error: CandlewickError) -> None:
        """Refuse whatever an account sends, for the reason that `error` gives."""
        log.warning("Account %d does not trade live: %s", account, error)
        self._of[account] = Closed(str(error), self._tell, self._clock)

    def venue_of(self, account: int) -> OrderVenue | None:
        """Where a live account's orders go; None: it is not live."""
        return self._of.get(account)

    @property
    def accounts(self) -> frozenset[int]:
        """Those that are live, whether they may trade or not."""
        return frozenset(self._of)

    def health(self) -> dict[int, OrderHealth]:
        """How each account that may trade is connected with its venue."""
        return {
            account: venue.health(account)
            for account, venue in self._of.items()
            if not isinstance(venue, Closed)
        }

    def know(self, instruments: Iterable[Instrument]) -> None:
        """What is listed now."""
        for instrument in instruments:
            for venue in self._venues.values():
                venue.know(instrument)

    async def run(self) -> None:
        """Follow the venues until cancelled."""
        try:
            async with asyncio.TaskGroup() as self._running:
                for venue in self._venues.values():
                    self._running.create_task(venue.run(self._tell))
                await asyncio.Event().wait()
        finally:
            self._running = None

    async def close(self) -> None:
        """Release connections."""
        for venue in self._venues.values():
            await venue.close()

    def _begin(self, id: str) -> wiring.LiveVenue:
        venue = self._venues[id] = wiring.order_venue(self._settings, id, self._knows, self._clock)
        if self._running is not None:
            self._running.create_task(venue.run(self._tell))
        return venue

    def _vault(self) -> Vault:
        given = self._settings.master_key_text
        return Vault(load(self._settings.data_dir, given, make=False))


class Closed:
    """`OrderVenue` of an account that may not trade: every order is refused."""

    def __init__(self, reason: str, tell: Tell, clock: Clock) -> None:
        self._reason = reason
        self._tell = tell
        self._clock = clock

    def place(self, order: Order) -> None:
        """Refuse."""
        self._tell(Refused(order.account, order.id, "not_live", self._reason, self._clock.now_ns()))

    def cancel(self, order: Order) -> None:
        """Refuse: whether the order stands at the venue nobody here can tell."""
        now = self._clock.now_ns()
        self._tell(CancelRefused(order.account, order.id, "not_live", self._reason, now))

    def amend(self, order: Order, terms: Terms) -> None:
        """Refuse."""
        self._tell(AmendRefused(order.account, order.id, "not_live", self._reason, self._clock.now_ns()))

    def set_leverage(self, account: int, instrument: str, leverage: Decimal, mode: MarginMode) -> None:
        """Refuse."""
        self._tell(LeverageRefused(account, instrument, "not_live", self._reason, self._clock.now_ns()))

    async def state(self, account: int, working: Iterable[Order]) -> VenueState:
        """Not to be had.

        Raises:
            ConfigError: always.
        """
        raise ConfigError(self._reason)

    async def run(self, tell: Tell) -> None:
        """Nothing comes."""
        await asyncio.Event().wait()

    def know(self, instrument: Instrument) -> None:
        """Nothing to note."""
