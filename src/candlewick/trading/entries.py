"""Entries: what the journal holds. Decisions (ours) and outcomes (a venue's), in the order they took effect.

The state of all accounts is the fold of the entries and of nothing else: `Desk.apply(entry)` is the only
function that changes it, at work and in recovery alike. Each entry holds all that applying it takes, so that
recovery decides nothing again. Reports stand in the journal as they came, once they were found to be news.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from candlewick.core.account import AccountKind, MarginMode, TradingState
from candlewick.core.instrument import Instrument
from candlewick.core.order import Order, Terms
from candlewick.core.reports import (
    Accepted,
    Amended,
    AmendRefused,
    CancelRefused,
    Fill,
    FundingPaid,
    Gone,
    Refused,
    Triggered,
)
from candlewick.trading.risk.limits import Limits
from candlewick.trading.settings import AccountSettings


class AccountOpened(msgspec.Struct, frozen=True, kw_only=True, tag="account_opened"):
    """An account begins, without money."""

    account: int
    name: str
    kind: AccountKind
    currency: str
    venue: str | None
    settings: AccountSettings
    limits: Limits
    actor: str
    ts: int


class InstrumentKnown(msgspec.Struct, frozen=True, tag="instrument_known"):
    """What an instrument is, written before the first order that names it, and again when it changes."""

    account: int  # 0: of all
    instrument: Instrument
    ts: int


class FilledLate(msgspec.Struct, frozen=True, kw_only=True, tag="filled_late"):
    """A contract's fill that was heard after later ones: `cost` is the position's in the venue's order."""

    account: int
    fill: Fill
    cost: Decimal
    ts: int


class Transferred(msgspec.Struct, frozen=True, kw_only=True, tag="transferred"):
    """Money came (positive) or went.

    `value` is the amount in the account's currency then; None: it was not known.
    """

    account: int
    id: str
    kind: Literal["deposit", "withdrawal", "transfer", "correction"]
    currency: str
    amount: Decimal
    value: Decimal | None = None
    memo: str
    actor: str
    ts: int


class OrderPlaced(msgspec.Struct, frozen=True, kw_only=True, tag="order_placed"):
    """An order passed the door at `mark`; it is sent once this is on disk.

    `claimed`: a person placed it at the venue by other means, and the venue has it already.
    """

    account: int
    order: Order
    mark: Decimal | None
    actor: str
    ts: int
    claimed: bool = False


class CancelPlaced(msgspec.Struct, frozen=True, tag="cancel_placed"):
    """The cancellation of an order is on its way."""

    account: int
    order_id: str
    actor: str
    ts: int


class AmendPlaced(msgspec.Struct, frozen=True, tag="amend_placed"):
    """New terms of an order are on their way."""

    account: int
    order_id: str
    terms: Terms
    actor: str
    ts: int


class TradingStateSet(msgspec.Struct, frozen=True, kw_only=True, tag="trading_state_set"):
    """The account may trade, only reduce, or not trade.

    `kill`: the kill switch is at work: all orders are being cancelled, with `flatten` all positions closed.
    `code`: of the limit that was broken, where that is the cause.
    """

    account: int
    state: TradingState
    reason: str
    code: str = ""
    kill: bool = False
    flatten: bool = False
    actor: str
    ts: int


class LimitsSet(msgspec.Struct, frozen=True, tag="limits_set"):
    """The account's limits from here on."""

    account: int
    limits: Limits
    actor: str
    ts: int


class SettingsSet(msgspec.Struct, frozen=True, tag="settings_set"):
    """The account's settings from here on."""

    account: int
    settings: AccountSettings
    actor: str
    ts: int


class LeverageSet(msgspec.Struct, frozen=True, kw_only=True, tag="leverage_set"):
    """Leverage and margin mode of one perpetual from here on."""

    account: int
    instrument: str
    leverage: Decimal
    margin_mode: MarginMode
    actor: str
    ts: int


class LeverageAsked(msgspec.Struct, frozen=True, kw_only=True, tag="leverage_asked"):
    """The venue of a live account is asked for other leverage; what it takes is told as `LeverageSet`."""

    account: int
    instrument: str
    leverage: Decimal
    margin_mode: MarginMode
    actor: str
    ts: int


class DayBegun(msgspec.Struct, frozen=True, kw_only=True, tag="day_begun"):
    """00:00 UTC passed: what the daily loss is measured from. None: a mark is missing, so nobody knows."""

    account: int
    equity: Decimal | None
    ts: int


class PeakReached(msgspec.Struct, frozen=True, kw_only=True, tag="peak_reached"):
    """What drawdown is measured from: the highest equity so far, to 0.1 %, or where a history was booked, the
    equity after it. None: a mark is missing, so nobody knows.
    """

    account: int
    equity: Decimal | None
    ts: int


Entry = (
    AccountOpened
    | InstrumentKnown
    | Transferred
    | OrderPlaced
    | CancelPlaced
    | AmendPlaced
    | TradingStateSet
    | LimitsSet
    | SettingsSet
    | LeverageSet
    | LeverageAsked
    | DayBegun
    | PeakReached
    | Accepted
    | Refused
    | Fill
    | FilledLate
    | Triggered
    | Gone
    | CancelRefused
    | Amended
    | AmendRefused
    | FundingPaid
)

encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(Entry).decode
