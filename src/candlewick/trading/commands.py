"""Commands: what people and programs ask the heart to do with an account.

`actor` says who (a person's name, a token's, a strategy's), `ts` when (ns UTC). What cannot be done is
answered with an error or a refusal, and changes nothing.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from candlewick.core.account import AccountKind, MarginMode, TradingState
from candlewick.core.instrument import Instrument
from candlewick.core.order import Leg, Origin, Terms
from candlewick.core.reports import Fill
from candlewick.trading.risk.limits import Limits
from candlewick.trading.settings import AccountSettings


class OpenAccount(msgspec.Struct, frozen=True, kw_only=True):
    """Begin an account, now or `since` its history began; one that exists is left as it is."""

    account: int
    name: str
    kind: AccountKind
    currency: str
    cash: Decimal
    settings: AccountSettings | None = None
    limits: Limits | None = None
    venue: str | None = None
    since: int | None = None
    actor: str
    ts: int


class Transfer(msgspec.Struct, frozen=True, kw_only=True):
    """Money comes to (positive) or leaves a paper account."""

    account: int
    id: str
    currency: str
    amount: Decimal
    memo: str
    actor: str
    ts: int


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Send an order. `order_id` is made by the shell, so that a replay repeats it.

    Attributes:
        leg: it stands where this leg of the entry stood that `oco` names, and shrinks with its others.
    """

    account: int
    order_id: str
    terms: Terms
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    oco: str | None = None
    leg: Leg | None = None
    key: str | None = None
    origin: Origin
    tag: str = ""
    actor: str
    ts: int


class Cancel(msgspec.Struct, frozen=True, kw_only=True):
    """Cancel one order."""

    account: int
    order_id: str
    actor: str
    ts: int


class CancelAll(msgspec.Struct, frozen=True, kw_only=True):
    """Cancel every working order, or those of one instrument."""

    account: int
    instrument: str | None = None
    actor: str
    ts: int


class Amend(msgspec.Struct, frozen=True, kw_only=True):
    """Change an order's prices, quantity or distance; what is None stays."""

    account: int
    order_id: str
    quantity: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail: Decimal | None = None
    trail_percent: Decimal | None = None
    actor: str
    ts: int


class Close(msgspec.Struct, frozen=True, kw_only=True):
    """Close a position at the market, or (`reverse`) turn it round; None: every position of the account."""

    account: int
    order_id: str
    instrument: str | None = None
    reverse: bool = False
    origin: Origin
    actor: str
    ts: int


class Kill(msgspec.Struct, frozen=True, kw_only=True):
    """The kill switch: halt, cancel all, and if `flatten` close all; what remains is reported until done."""

    account: int
    flatten: bool
    reason: str
    actor: str
    ts: int


class SetTradingState(msgspec.Struct, frozen=True, kw_only=True):
    """Let an account trade (ACTIVE), only reduce (REDUCING), or not at all (HALTED)."""

    account: int
    state: TradingState
    reason: str
    actor: str
    ts: int


class SetLimits(msgspec.Struct, frozen=True, kw_only=True):
    """A person sets the account's limits."""

    account: int
    limits: Limits
    actor: str
    ts: int


class SetSettings(msgspec.Struct, frozen=True, kw_only=True):
    """A person sets fees, latency, slippage, lot method and what else belongs to the account."""

    account: int
    settings: AccountSettings
    actor: str
    ts: int


class SetLeverage(msgspec.Struct, frozen=True, kw_only=True):
    """Leverage and margin mode of one perpetual."""

    account: int
    instrument: str
    leverage: Decimal
    margin_mode: MarginMode
    actor: str
    ts: int


class ImportFills(msgspec.Struct, frozen=True, kw_only=True):
    """Book a history of fills into a paper account, oldest first; those it has already change nothing.

    `instruments`: what the fills name, for those that nobody here lists.
    """

    account: int
    fills: tuple[Fill, ...]
    instruments: tuple[Instrument, ...] = ()
    actor: str
    ts: int


Command = (
    OpenAccount
    | Transfer
    | Place
    | Cancel
    | CancelAll
    | Amend
    | Close
    | Kill
    | SetTradingState
    | SetLimits
    | SetSettings
    | SetLeverage
    | ImportFills
)
