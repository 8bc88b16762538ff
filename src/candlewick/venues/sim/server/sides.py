"""The private side of a venue: its accounts and keys, and each market's desk behind signed requests."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation

from candlewick.core.errors import ConfigError
from candlewick.venues.sim.desk.account import Account
from candlewick.venues.sim.desk.desk import Desk
from candlewick.venues.sim.desk.perp import PerpDesk
from candlewick.venues.sim.desk.spot import SpotDesk
from candlewick.venues.sim.model import Listing, Print
from candlewick.venues.sim.refusal import Refusal
from candlewick.venues.sim.server.front import Front
from candlewick.venues.sim.server.futures_reports import FuturesReports
from candlewick.venues.sim.server.keys import Key, Keyring, Permission, Sent, new_key
from candlewick.venues.sim.server.order_limits import ORDER_LIMITS, OrderLimiter
from candlewick.venues.sim.server.routes import Asked, Route
from candlewick.venues.sim.server.spot_reports import SpotReports
from candlewick.venues.sim.server.timekeeping import Now
from candlewick.venues.sim.server.user_streams import UserStreams

FIRST_ACCOUNT = "default"
FIRST_MONEY = {"USDT": "100000"}


class Accounts:
    """The accounts of one venue and the keys that open them."""

    def __init__(self) -> None:
        self.keys = Keyring()
        self._accounts: dict[str, Account] = {}
        self._made: list[Callable[[Account], None]] = []

    def when_made(self, call: Callable[[Account], None]) -> None:
        """`call` hears of each account that is made."""
        self._made.append(call)

    def get(self, name: str) -> Account | None:
        """The account of that name."""
        return self._accounts.get(name)

    def names(self) -> list[str]:
        """All accounts, in the order they were made."""
        return list(self._accounts)

    def make(self, name: str) -> Account:
        """The account of that name, made if there is none."""
        account = self._accounts.get(name)
        if account is None:
            account = self._accounts[name] = Account(name)
            for call in self._made:
                call(account)
        return account


class Side(ABC):
    """One market's private requests and user streams."""

    permission: Permission
    desk: Desk

    def __init__(self, front: Front, accounts: Accounts, now: Now) -> None:
        self.front = front
        self.accounts = accounts
        self.streams = UserStreams(front.hub)
        self.limiter = OrderLimiter(ORDER_LIMITS[front.market])
        self._now = now
        front.user_stream = self.streams.known

    def ask(
        self,
        route: Route,
        sent: Sent,
        key_name: str | None,
        address: str,
        trusted: Key | None = None,
    ) -> object:
        """The body of the answer to a private request; `trusted` is the key of a session that signed on.

        Raises:
            Refusal: it is not signed as it must be, or cannot be done.
        """
        now_ms = self._now()
        parameters = sent.parameters()
        weight, orders = route.costs(sent.parameters())
        self.front.limiter.spend(address, weight, now_ms)
        wanted: Permission = self.permission if route.security == "trade" else "read"
        key = self.accounts.keys.find(trusted.name if trusted else key_name, wanted)
        if trusted is not None:
            sent.check_time(self.front.stamp(now_ms))
        elif route.security != "key":
            sent.check(key, self.front.stamp(now_ms))
        account = self.accounts.make(key.account)
        if orders:
            self.limiter.spend(account.name, orders, now_ms)
        self.catch_up()
        asked = Asked(parameters, self.desk.now_ms, account)
        answer = route.handler(self, asked)
        self.finish(asked)
        return answer

    def catch_up(self) -> None:
        """Bring the market to this moment, so that a request meets it as it is."""
        self.front.world.advance(self._now())
        self.desk.hear()

    def finish(self, asked: Asked) -> None:
        """All parameters were read: refuse those that nobody knows, where the market does."""
        if self.front.market == "spot":
            asked.parameters.done()

    def step(self, prints: Iterable[tuple[Listing, Print]], now_ms: int) -> None:
        """The market moved."""
        self.desk.step(prints)
        self.streams.expire(now_ms, self.front.stamp(now_ms))

    def times(self, asked: Asked) -> tuple[int | None, int | None]:
        """`startTime` and `endTime` as true times."""
        start, end = asked.parameters.number("startTime"), asked.parameters.number("endTime")
        return (
            None if start is None else self.front.unstamp(start),
            None if end is None else self.front.unstamp(end),
        )

    def order_counts(self, account: str, now_ms: int) -> list[dict[str, object]]:
        """How many orders the running windows hold."""
        used = self.limiter.used(account, now_ms)
        return [
            limit.told() | {"count": count} for limit, count in zip(self.limiter.limits, used, strict=True)
        ]

    def counted(self, key_name: str | None, now_ms: int) -> list[tuple[str, int]]:
        """The order counts that answers tell in their heads, by window."""
        key = self.accounts.keys.named(key_name)
        if key is None:
            return []
        counts = self.limiter.used(key.account, now_ms)
        return [(limit.letter, count) for limit, count in zip(self.limiter.limits, counts, strict=True)]

    @abstractmethod
    def deposit(self, account: Account, asset: str, change: Decimal) -> None:
        """Bring money in, or take it out."""


class SpotSide(Side):
    """Spot's private requests."""

    permission = "spot"
    desk: SpotDesk

    def __init__(self, front: Front, accounts: Accounts, now: Now) -> None:
        super().__init__(front, accounts, now)
        self.reports = SpotReports(front)
        self.desk = SpotDesk(front.world, self._tell)

    def _tell(self, happened: object) -> None:
        told = self.reports.event(happened, self.desk.now_ms)
        if told is not None:
            self.streams.tell(*told)

    def deposit(self, account: Account, asset: str, change: Decimal) -> None:
        self.desk.deposit(account.spot, asset, change)


class PerpSide(Side):
    """USDⓈ-M's private requests."""

    permission = "futures"
    desk: PerpDesk

    def __init__(self, front: Front, accounts: Accounts, now: Now) -> None:
        super().__init__(front, accounts, now)
        self.desk = PerpDesk(front.world, self._tell)
        self.reports = FuturesReports(front, self.desk)
        accounts.when_made(lambda account: self.desk.enlist(account.perp))

    def _tell(self, happened: object) -> None:
        told = self.reports.event(happened, self.desk.now_ms)
        if told is not None:
            self.streams.tell(*told)

    def deposit(self, account: Account, asset: str, change: Decimal) -> None:
        self.desk.cashier.deposit(account.perp, asset, change)


def add_key(accounts: Accounts, sides: Iterable[Side], wanted: Mapping[str, object]) -> dict[str, object]:
    """A key as `wanted` describes it, with its account, which is made and filled if there is none.

    Raises:
        ConfigError: a value is not what it should be.
    """
    unknown = wanted.keys() - {"account", "apiKey", "secret", "publicKey", "permissions", "spot", "futures"}
    if unknown:
        raise ConfigError(f"A key has no {min(unknown)!r}. See the page on the simulated exchange.")
    name = str(wanted.get("account") or FIRST_ACCOUNT)
    key, told = new_key(name, wanted)
    money = {side.permission: _money(wanted, side.permission) for side in sides}
    accounts.keys.add(key)
    if accounts.get(name) is None:
        account = accounts.make(name)
        for side in sides:
            for asset, value in money[side.permission].items():
                side.deposit(account, asset, value)
    return {"account": name, **told, "permissions": sorted(key.permissions)}


def change_money(
    accounts: Accounts, sides: Iterable[Side], wanted: Mapping[str, object]
) -> dict[str, object]:
    """A deposit, or a withdrawal below zero: `{"account": …, "market": "spot", "asset": …, "amount": …}`.

    Raises:
        ConfigError: there is no such account or market, or not so much to take out.
    """
    account = accounts.get(str(wanted.get("account", FIRST_ACCOUNT)))
    side = next((each for each in sides if each.permission == wanted.get("market")), None)
    if account is None or side is None:
        raise ConfigError('Name an account that there is, and the market "spot" or "futures".')
    asset, change = str(wanted.get("asset", "")), _amount(wanted.get("amount"))
    if not asset:
        raise ConfigError('Name the asset, such as "USDT".')
    side.catch_up()
    try:
        side.deposit(account, asset, change)
    except Refusal as refusal:
        raise ConfigError(f"The money cannot be moved: {refusal.message}") from None
    return {"account": account.name, "market": side.permission, "asset": asset, "amount": str(change)}


def _money(wanted: Mapping[str, object], market: str) -> dict[str, Decimal]:
    given = wanted.get(market, FIRST_MONEY)
    if not isinstance(given, dict):
        raise ConfigError(f'The {market} balances of a key are an object, such as {{"USDT": "100000"}}.')
    return {str(asset): _amount(value) for asset, value in given.items()}


def _amount(value: object) -> Decimal:
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite():
        raise ConfigError(f'{value!r} is no amount. Write for example "100000".')
    return found
