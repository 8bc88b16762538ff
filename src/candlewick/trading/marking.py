"""Marking: what positions are worth, followed tick by tick in floats, for gauges and for looking.

A tick costs one multiplication and one addition per position of its instrument. All else, cash and coins,
the rates of other currencies, margins, is taken exactly from the ledger: after each booking, and every
`ANCHOR_NS` of event time. What is *decided* on a figure from here is looked up exactly first.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from candlewick.core.clock import NS_PER_S
from candlewick.ledger.margin import tiers_of
from candlewick.ledger.position import Position
from candlewick.trading.account import AccountState
from candlewick.trading.effects import NOTHING, Effects, Moved
from candlewick.trading.marks import Market
from candlewick.trading.valuing import rate, value_of

ANCHOR_NS: Final = 10 * NS_PER_S


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """An account at the marks of now, in its own currency, as floats. None: a mark is missing.

    Attributes:
        unrealised: by instrument id; without those of which no mark is known.
        initial_margin, maintenance_margin: of contracts, isolated ones included.
    """

    total_value: float | None
    unrealised: dict[str, float]
    initial_margin: float | None
    maintenance_margin: float | None


class Marked:
    """A position as marking needs it.

    `size` and `cost` are signed; those of an inverse contract are turned round, so that its profit in base is
    (1/mark) · size − cost as well.
    """

    __slots__ = (
        "cost",
        "currency",
        "inverse",
        "is_cross",
        "leverage",
        "owner",
        "rate",
        "size",
        "tiers",
        "unrealised",
    )

    def __init__(self, owner: AccountMarks, position: Position) -> None:
        instrument = position.instrument
        self.owner = owner
        self.currency = position.currency
        self.inverse = instrument.inverse
        self.is_cross = not position.is_spot and position.margin_mode == "cross"
        self.leverage = float(position.leverage)
        sign = -1.0 if self.inverse else 1.0
        held = float(position.quantity) * (float(instrument.contract_size) if self.inverse else 1.0)
        self.size = sign * held
        self.cost = sign * float(position.cost if position.quantity > 0 else -position.cost)
        self.rate = 1.0
        self.unrealised = 0.0
        brackets = () if position.is_spot else tiers_of(instrument)
        self.tiers = tuple((float(each.floor), float(each.rate), float(each.amount)) for each in brackets)

    def profit(self, mark: float) -> float:
        """Unrealised, in the currency in which it settles."""
        return self.size * (1.0 / mark if self.inverse else mark) - self.cost

    def margins(self, mark: float) -> tuple[float, float]:
        """Initial and maintenance margin, in the currency in which it settles; spot needs none."""
        if not self.tiers:
            return 0.0, 0.0
        notional = abs(self.size) * (1.0 / mark if self.inverse else mark)
        rate, amount = next(
            ((rate, amount) for floor, rate, amount in reversed(self.tiers) if notional > floor),
            self.tiers[0][1:],
        )
        return notional / self.leverage, notional * rate - amount


class Held:
    """Everybody's positions in one instrument."""

    __slots__ = ("mark", "marked", "moved")

    def __init__(self) -> None:
        self.mark: float | None = None
        self.marked: list[Marked] = []
        self.moved: Effects = NOTHING


class AccountMarks:
    """The figures of one account.

    Attributes:
        wallets: balance less isolated margins, by the currency that contracts settle in.
        base: equity without unrealised profit, at the last anchor; None: not known.
        stale: something was booked since.
        anchored_at: when it was anchored, ns.
        watch_at: when its limits are to be looked at again, ns.
        told: risk code → the level that people were told of it.
        pursued_at: when the kill switch last tried again, ns.
    """

    __slots__ = (
        "account",
        "anchored_at",
        "base",
        "positions",
        "pursued_at",
        "stale",
        "told",
        "unrealised",
        "wallets",
        "watch_at",
    )

    def __init__(self, account: AccountState) -> None:
        self.account = account
        self.positions: dict[str, Marked] = {}
        self.base: float | None = None
        self.unrealised = 0.0
        self.wallets: dict[str, float] = {}
        self.stale = True
        self.anchored_at = 0
        self.watch_at = 0
        self.told: dict[str, str] = {}
        self.pursued_at = 0

    @property
    def total_value(self) -> float | None:
        """Equity; None: a mark is missing."""
        return None if self.base is None else self.base + self.unrealised


class Marking:
    """The figures of all accounts, and who holds what.

    Attributes:
        held: by instrument id; only what somebody holds.
        accounts: by number.
    """

    def __init__(self, market: Market) -> None:
        self._market = market
        self.held: dict[str, Held] = {}
        self.accounts: dict[int, AccountMarks] = {}

    def open(self, account: AccountState) -> None:
        """Follow an account."""
        self.accounts[account.number] = AccountMarks(account)
        for instrument in account.book.positions:
            self.note(account, instrument)

    def begin_again(self, accounts: Iterable[AccountState]) -> None:
        """Follow these accounts and no other."""
        self.held.clear()
        self.accounts.clear()
        for account in accounts:
            self.open(account)

    def touch(self, account: int) -> None:
        """Money of an account moved: its figures need an anchor."""
        self.accounts[account].stale = True

    def note(self, account: AccountState, instrument: str) -> None:
        """A position of an account changed."""
        owner = self.accounts[account.number]
        owner.stale = True
        held = self.held.setdefault(instrument, Held())
        before = owner.positions.pop(instrument, None)
        if before is not None:
            owner.unrealised -= before.unrealised
            held.marked.remove(before)
        position = account.book.positions.get(instrument)
        if position is not None:
            marked = owner.positions[instrument] = Marked(owner, position)
            held.marked.append(marked)
        if not held.marked:
            del self.held[instrument]
        held.moved = tuple(Moved(each.owner.account.number) for each in held.marked)

    def tick(self, held: Held, mark: float, ts: int) -> list[AccountMarks] | None:
        """Mark everybody's positions in an instrument; the accounts whose limits are due to be looked at."""
        held.mark = mark
        due: list[AccountMarks] | None = None
        turned = 1.0 / mark
        for each in held.marked:
            owner = each.owner
            worth = each.size * (turned if each.inverse else mark)
            unrealised = (worth - each.cost) * each.rate
            owner.unrealised += unrealised - each.unrealised
            each.unrealised = unrealised
            # also when the clock was set back, and what is due seems far away
            if not 0 < owner.watch_at - ts <= NS_PER_S:
                due = [owner] if due is None else [*due, owner]
        return due

    def figures(self, account: int, ts: int | None = None) -> Figures:
        """An account at the marks of now. `ts`: the time now, where an old anchor should be renewed."""
        owner = self.accounts[account]
        old = ts is not None and not 0 <= ts - owner.anchored_at < ANCHOR_NS
        if owner.stale or old or owner.base is None:
            self.anchor(owner, ts or owner.anchored_at)
        initial: float | None = 0.0
        maintenance: float | None = 0.0
        for id, marked in owner.positions.items():
            mark = self._market.mark(id)
            if mark is None or initial is None or maintenance is None:
                initial = maintenance = None
                break
            binds, needs = marked.margins(mark)
            initial += binds * marked.rate
            maintenance += needs * marked.rate
        known = {id: each.unrealised for id, each in owner.positions.items() if self._market.mark(id)}
        return Figures(
            total_value=owner.total_value,
            unrealised=known,
            initial_margin=initial,
            maintenance_margin=maintenance,
        )

    def cross(self, account: int, currency: str) -> tuple[float, float] | None:
        """Equity and maintenance margin of the cross contracts that settle in a currency, in that currency.

        None: a mark is missing.
        """
        owner = self.accounts[account]
        if owner.stale:
            self.anchor(owner, owner.anchored_at)
        equity, maintenance = owner.wallets.get(currency, 0.0), 0.0
        for id, marked in owner.positions.items():
            if marked.is_cross and marked.currency == currency:
                mark = self._market.mark(id)
                if mark is None:
                    return None
                equity += marked.profit(mark)
                maintenance += marked.margins(mark)[1]
        return equity, maintenance

    def anchor(self, owner: AccountMarks, ts: int) -> None:
        """Take everything exactly from the ledger again."""
        owner.stale, owner.anchored_at, owner.unrealised = False, ts, 0.0
        valuation = value_of(owner.account, self._market)
        for value in valuation.positions:
            marked = owner.positions[value.instrument]
            per_unit = rate(owner.account, self._market, value.currency)
            marked.rate = 0.0 if per_unit is None else float(per_unit)
            marked.unrealised = 0.0 if value.unrealised is None else float(value.unrealised) * marked.rate
            owner.unrealised += marked.unrealised
        owner.wallets = {pool.currency: float(pool.wallet) for pool in valuation.pools}
        total = valuation.total_value
        owner.base = None if total is None else float(total) - owner.unrealised
