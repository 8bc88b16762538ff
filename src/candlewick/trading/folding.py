"""How each entry of the journal changes an account, and what is to be told of it.

Nothing else changes an account, at work or in recovery, and nothing here decides: an entry holds all that it
takes, and neither prices nor the time of day have a say.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from candlewick.core.order import Order
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
from candlewick.ledger.contract import is_spot
from candlewick.ledger.exact import ZERO
from candlewick.ledger.fault import Fault
from candlewick.ledger.fill_order import FillOrder
from candlewick.trading import orders
from candlewick.trading.account import DAY_NS, AccountState
from candlewick.trading.booking import ADOPTED
from candlewick.trading.effects import (
    NOTHING,
    AccountChanged,
    Alert,
    Booked,
    Effect,
    Effects,
    OrderChanged,
    OrderNews,
    PositionChanged,
    SendAmend,
    SendCancel,
    SendLeverage,
    SendOrder,
)
from candlewick.trading.entries import (
    AmendPlaced,
    CancelPlaced,
    DayBegun,
    FilledLate,
    LeverageAsked,
    LeverageSet,
    LimitsSet,
    OrderPlaced,
    PeakReached,
    SettingsSet,
    TradingStateSet,
    Transferred,
)
from candlewick.trading.idempotency import keyed


def fold(account: AccountState, entry: Any) -> Effects:
    """Apply one of the account's own entries; the effects say what is new, the journal's excepted."""
    return _FOLDS[type(entry)](account, entry)


def _transferred(account: AccountState, entry: Transferred) -> Effects:
    booked = account.book.book_transfer(entry.kind, entry.id, entry.currency, entry.amount, entry.ts)
    account.known_transfers[entry.id] = None
    # money that comes or goes is neither profit nor loss
    account.day_equity = _moved(account.day_equity, entry.value)
    account.peak_equity = _moved(account.peak_equity, entry.value)
    return (
        Booked(account=account.number, transaction=booked.transaction, trips=booked.trips),
        *_coins_left(account, booked.also),
        AccountChanged(account.number),
    )


def _coins_left(account: AccountState, instruments: tuple[str, ...]) -> Effects:
    """Coins that were paid out of lots: each of those positions is smaller now."""
    return tuple(PositionChanged(account.number, instrument) for instrument in instruments)


def _moved(equity: Decimal | None, value: Decimal | None) -> Decimal | None:
    return None if equity is None or value is None else equity + value


def _order_placed(account: AccountState, entry: OrderPlaced) -> Effects:
    order = entry.order
    account.keep(order)
    if order.key is not None:
        account.remember_key(order.key, keyed(order))
    if entry.claimed:
        return (OrderChanged(order=order, what="claimed"),)
    if order.origin != "system" and order.leg is None:
        account.count_order(entry.ts)
    return (OrderChanged(order=order, what="placed"), SendOrder(order))


def _cancel_placed(account: AccountState, entry: CancelPlaced) -> Effects:
    order = orders.ask_cancel(account.order(entry.order_id), entry.ts)
    return _changed(account, order, "cancel_sent", send=SendCancel(order) if order else None)


def _amend_placed(account: AccountState, entry: AmendPlaced) -> Effects:
    order = orders.ask_amend(account.order(entry.order_id), entry.terms, entry.ts)
    if order is not None and order.leg is None:
        account.count_order(entry.ts)
    return _changed(account, order, "amend_sent", send=SendAmend(order, entry.terms) if order else None)


def _trading_state_set(account: AccountState, entry: TradingStateSet) -> Effects:
    account.state, account.reason, account.cause = entry.state, entry.reason, entry.code
    account.kill, account.flatten = entry.kill, entry.flatten
    return (AccountChanged(account.number),)


def _limits_set(account: AccountState, entry: LimitsSet) -> Effects:
    account.limits = entry.limits
    return (AccountChanged(account.number),)


def _settings_set(account: AccountState, entry: SettingsSet) -> Effects:
    settings = account.settings = entry.settings
    account.book.set_method(settings.lot_method)
    account.book.leverage, account.book.margin_mode = settings.leverage, settings.margin_mode
    return (AccountChanged(account.number),)


def _leverage_set(account: AccountState, entry: LeverageSet) -> Effects:
    moved = account.book.set_leverage(entry.instrument, entry.leverage, entry.margin_mode, ts=entry.ts)
    changed = (PositionChanged(account.number, entry.instrument), AccountChanged(account.number))
    return changed if moved is None else (Booked(account=account.number, transaction=moved), *changed)


def _leverage_asked(account: AccountState, entry: LeverageAsked) -> Effects:
    # nothing is another yet: the account goes by what its venue takes
    return (SendLeverage(account.number, entry.instrument, entry.leverage, entry.margin_mode),)


def _day_begun(account: AccountState, entry: DayBegun) -> Effects:
    account.day = entry.ts // DAY_NS
    account.day_equity = entry.equity
    return (AccountChanged(account.number),)


def _peak_reached(account: AccountState, entry: PeakReached) -> Effects:
    account.peak_equity = entry.equity
    return NOTHING


def _accepted(account: AccountState, entry: Accepted) -> Effects:
    return _changed(account, orders.accept(account.order(entry.order_id), entry), "accepted")


def _refused(account: AccountState, entry: Refused) -> Effects:
    order = orders.refuse(account.order(entry.order_id), entry)
    return _changed(account, order, "rejected", why=entry.reason)


def _triggered(account: AccountState, entry: Triggered) -> Effects:
    return _changed(account, orders.trigger(account.order(entry.order_id), entry), "triggered")


def _gone(account: AccountState, entry: Gone) -> Effects:
    order = orders.end(account.order(entry.order_id), entry)
    return _changed(account, order, "expired" if entry.expired else "cancelled", why=entry.reason)


def _cancel_refused(account: AccountState, entry: CancelRefused) -> Effects:
    order = orders.keep(account.order(entry.order_id), entry)
    return _changed(account, order, "cancel_refused", why=entry.reason)


def _amended(account: AccountState, entry: Amended) -> Effects:
    return _changed(account, orders.amend(account.order(entry.order_id), entry), "amended")


def _amend_refused(account: AccountState, entry: AmendRefused) -> Effects:
    order = orders.keep_terms(account.order(entry.order_id), entry)
    return _changed(account, order, "amend_refused", why=entry.reason)


def _filled_late(account: AccountState, entry: FilledLate) -> Effects:
    return _fill(account, entry.fill, entry.cost)


def _fill(account: AccountState, entry: Fill, cost: Decimal | None = None) -> Effects:
    effects: list[Effect] = []
    before = account.find(entry.order_id)
    if before is not None:
        order = orders.fill(before, entry)
        account.keep(order)
        what: OrderNews = "filled" if order.filled >= order.terms.quantity else "partly_filled"
        effects.append(OrderChanged(order=order, what=what, fill=entry))
    origin, tag = ("external", "") if before is None else (before.origin, before.tag)
    booked = account.book.fill(entry, origin=origin, tag=tag, cost=cost)
    if account.kind == "live" and not is_spot(account.book.instruments[entry.instrument]):
        _put_in_order(account, entry, in_its_place=cost is not None)
    account.known_fills.setdefault(entry.instrument, {})[entry.id] = None
    effects += [
        Booked(
            account=account.number,
            transaction=booked.transaction,
            fill=entry,
            realised=booked.realised,
            currency=booked.currency,
            trips=booked.trips,
        ),
        PositionChanged(account.number, entry.instrument),
        *_coins_left(account, booked.also),
        AccountChanged(account.number),
    ]
    if before is not None:  # a history from elsewhere may be as odd as it likes
        effects += [_odd(account, fault, entry.ts) for fault in booked.faults]
    return tuple(effects)


def _put_in_order(account: AccountState, fill: Fill, *, in_its_place: bool) -> None:
    """Remember where a contract's fill stands among the others, by its venue."""
    known = account.fill_orders.setdefault(fill.instrument, FillOrder())
    if in_its_place or (known.is_newest(fill) and not fill.id.startswith(ADOPTED)):
        known.add(account.book.instruments[fill.instrument], fill)
        return
    held = account.book.positions.get(fill.instrument)
    known.begin_again(*((held.quantity, held.cost) if held else (ZERO, ZERO)), fill)


def _odd(account: AccountState, fault: Fault, ts: int) -> Alert:
    return Alert(
        account=account.number, severity="WARNING", title="An odd booking", message=fault.text, ts=ts
    )


def _funding_paid(account: AccountState, entry: FundingPaid) -> Effects:
    booked = account.book.funding(entry)
    account.known_funding.setdefault(entry.instrument, {})[entry.id] = None
    news = Booked(
        account=account.number,
        transaction=booked.transaction,
        funding=entry,
        currency=booked.currency,
        trips=booked.trips,
    )
    return (news, PositionChanged(account.number, entry.instrument), AccountChanged(account.number))


def _changed(
    account: AccountState, order: Order | None, what: OrderNews, *, send: Effect | None = None, why: str = ""
) -> Effects:
    if order is None:  # only news is journalled, so this step exists; a journal from elsewhere may differ
        return NOTHING
    account.keep(order)
    changed = OrderChanged(order=order, what=what, why=why)
    return (changed,) if send is None else (changed, send)


_FOLDS: Final[dict[type, Callable[[AccountState, Any], Effects]]] = {
    Transferred: _transferred,
    OrderPlaced: _order_placed,
    CancelPlaced: _cancel_placed,
    AmendPlaced: _amend_placed,
    TradingStateSet: _trading_state_set,
    LimitsSet: _limits_set,
    SettingsSet: _settings_set,
    LeverageSet: _leverage_set,
    LeverageAsked: _leverage_asked,
    DayBegun: _day_begun,
    PeakReached: _peak_reached,
    Accepted: _accepted,
    Refused: _refused,
    Triggered: _triggered,
    Gone: _gone,
    CancelRefused: _cancel_refused,
    Amended: _amended,
    AmendRefused: _amend_refused,
    Fill: _fill,
    FilledLate: _filled_late,
    FundingPaid: _funding_paid,
}
