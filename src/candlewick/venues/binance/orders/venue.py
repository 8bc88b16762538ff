"""`OrderVenue` of all accounts that trade live on Binance."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from decimal import Decimal
from random import Random

from candlewick.core.account import MarginMode
from candlewick.core.clock import NS_PER_MS, Clock, SystemClock
from candlewick.core.errors import ConfigError, UnknownAccount
from candlewick.core.instrument import Instrument
from candlewick.core.order import Order, Terms
from candlewick.core.reports import VenueState
from candlewick.venues.binance.orders.account import LiveAccount
from candlewick.venues.binance.orders.asking import Patience
from candlewick.venues.binance.orders.endpoints import PrivateSides
from candlewick.venues.binance.orders.signing import Credentials
from candlewick.venues.connection import Policy
from candlewick.venues.execution import OrderHealth, Tell


class BinanceOrders:
    """Sends orders to Binance, or to an exchange that speaks like it, and reports what becomes of them."""

    def __init__(
        self,
        venue_id: str,
        sides: PrivateSides,
        *,
        knows: Callable[[int, str], bool],
        clock: Clock | None = None,
        random: Random | None = None,
        policy: Policy | None = None,
        patience: Patience | None = None,
    ) -> None:
        """`knows(account, order_id)`: whether the heart has such an order, working or done."""
        self._venue_id = venue_id
        self._sides = sides
        self._knows = knows
        self._clock = clock or SystemClock()
        self._random = random or Random()
        self._policy = policy or Policy()
        self._patience = patience or Patience()
        self._instruments: dict[str, Instrument] = {}
        self._accounts: dict[int, LiveAccount] = {}
        self._tell: Tell | None = None
        self._group: asyncio.TaskGroup | None = None

    def add(
        self, account: int, name: str, credentials: Credentials, *, live: bool, since_ns: int | None = None
    ) -> None:
        """Trade for an account. What happened there before `since_ns` is booked; None: before now.

        Fills of orders that the heart has at work are told whenever they were. Of all else (orders of others,
        funding) what came before is not told; what is booked already does no harm, so that `since_ns` of an
        account that traded before had better be too early than too late.

        Raises:
            ConfigError: nobody has switched the account live.
        """
        if live is not True:
            raise ConfigError(
                f"Account {name!r} does not trade live. To let it, write live = true under [accounts.{name}] "
                "in candlewick.toml, and confirm it when you are asked."
            )
        if account in self._accounts:
            raise ConfigError(f"Account {name!r} has a key in use already.")
        since = self._clock.now_ns() if since_ns is None else since_ns
        added = self._accounts[account] = LiveAccount(
            account,
            credentials,
            self._sides,
            venue_id=self._venue_id,
            instruments=self._instruments,
            knows=lambda order_id: self._knows(account, order_id),
            since_ms=since // NS_PER_MS,
            clock=self._clock,
            random=self._random,
            policy=self._policy,
            patience=self._patience,
        )
        if self._group is not None and self._tell is not None:
            self._group.create_task(added.run(self._tell))

    def know(self, instrument: Instrument) -> None:
        """An instrument that orders may name."""
        if instrument.venue == self._venue_id:
            self._instruments[instrument.id] = instrument

    def place(self, order: Order) -> None:
        """Send an order that is in the journal; a second call with the same id makes no second order."""
        self._of(order.account).outgoing.place(order)

    def cancel(self, order: Order) -> None:
        """Ask for an order's end."""
        self._of(order.account).outgoing.cancel(order)

    def amend(self, order: Order, terms: Terms) -> None:
        """Ask for new terms of an order that keeps its id."""
        self._of(order.account).outgoing.amend(order, terms)

    def set_leverage(self, account: int, instrument: str, leverage: Decimal, mode: MarginMode) -> None:
        """Ask for another leverage and margin mode of a contract; what the venue says comes as a report."""
        self._of(account).outgoing.set_leverage(instrument, leverage, mode)

    async def state(self, account: int, working: Iterable[Order]) -> VenueState:
        """The account as the venue has it, with what became of `working`, whatever it is.

        Raises:
            VenueError: the venue does not say.
        """
        return await self._of(account).state(working)

    def health(self, account: int) -> OrderHealth:
        """How an account's connection to the venue is doing."""
        return self._of(account).health

    async def run(self, tell: Tell) -> None:
        """Follow the streams of all accounts and hand on reports, until cancelled."""
        self._tell = tell
        try:
            async with asyncio.TaskGroup() as self._group:
                for account in self._accounts.values():
                    self._group.create_task(account.run(tell))
                await asyncio.Event().wait()
        finally:
            self._group = None

    async def close(self) -> None:
        """Release connections."""
        for account in self._accounts.values():
            await account.close()

    def _of(self, account: int) -> LiveAccount:
        try:
            return self._accounts[account]
        except KeyError:
            raise UnknownAccount(account) from None
