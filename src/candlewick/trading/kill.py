"""The kill switch at work: cancel all, close all if asked to, and tell what remains until nothing does.

It goes on after each report, and every `RETRY_NS` by itself where a venue refused. Its closing orders pass
the door like any other; only the account's state does not hold them back.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from candlewick.core.clock import NS_PER_S
from candlewick.core.instrument import Instrument
from candlewick.core.order import CancelInFlight, Order, Terms
from candlewick.ledger.contract import is_spot
from candlewick.ledger.position import Position
from candlewick.trading.account import AccountState
from candlewick.trading.commands import Place
from candlewick.trading.effects import Alert, Denied, RiskNews
from candlewick.trading.entries import CancelPlaced, TradingStateSet
from candlewick.trading.marks import Market
from candlewick.trading.placing import placed, sellable
from candlewick.trading.risk import door
from candlewick.trading.risk.ask import Ask
from candlewick.trading.risk.verdict import Refused
from candlewick.trading.steps import Step

TAG: Final = "kill switch"
RETRY_NS: Final = 5 * NS_PER_S


def pursue(account: AccountState, market: Market, ts: int, *, again: bool = False) -> list[Step]:
    """What is to be done now, and what remains. `again`: also what a venue has refused before."""
    orders = [order for order in account.orders.values() if order.tag != TAG]
    steps: list[Step] = [
        CancelPlaced(account.number, order.id, TAG, ts)
        for order in orders
        if not isinstance(order.state, CancelInFlight)
    ]
    open_positions = closable(account, market) if account.flatten else []
    if account.flatten:
        freed = {order.id for order in orders}
        for n, position in enumerate(open_positions):
            if not _is_listed(position, market) or _being_closed(account, position):
                continue
            if again or not _was_refused(account, position):
                steps += _close(account, market, position, _new_id(account, ts, n), freed, ts)
    remaining = len(account.orders)
    if not remaining and not open_positions:
        return [*steps, *_done(account, ts)]
    if steps or not again:
        text = f"The kill switch is at work: {_count(remaining, 'order')} and "
        text += f"{_count(len(open_positions), 'position')} remain."
        steps.append(RiskNews(account=account.number, level="critical", code="kill_switch", text=text, ts=ts))
    return steps


def closable(account: AccountState, market: Market) -> list[Position]:
    """Positions that a venue would close.

    What is less than a lot, or than the least order, stays as dust. What a venue lists no more stays too; one
    that has not said since the start what it lists is waited for.
    """
    return [
        position
        for position in account.book.positions.values()
        if not _is_dust(position, market)
        and (_is_listed(position, market) or position.instrument.venue not in market.venues)
    ]


def _is_listed(position: Position, market: Market) -> bool:
    return position.instrument.id in market.instruments


def _as_listed(position: Position, market: Market) -> Instrument:
    """Its instrument as its venue has it now: a lot may have changed since the position was opened."""
    return market.instruments.get(position.instrument.id, position.instrument)


def _new_id(account: AccountState, ts: int, n: int) -> str:
    """An id that no order has: several reports may carry the same time."""
    tried = len(account.recent) + len(account.orders) + n
    while account.find(f"kill-{account.number}-{ts}-{tried}") is not None:
        tried += 1
    return f"kill-{account.number}-{ts}-{tried}"


def _is_dust(position: Position, market: Market) -> bool:
    instrument = _as_listed(position, market)
    quantity = sellable(instrument.lot, abs(position.quantity))
    if not quantity:
        return True
    mark = market.exact(instrument.id)
    if not is_spot(instrument) or instrument.min_notional is None or mark is None:
        return False
    return quantity * mark < instrument.min_notional


def _being_closed(account: AccountState, position: Position) -> bool:
    return any(_closes(order, position) for order in account.orders.values())


def _was_refused(account: AccountState, position: Position) -> bool:
    """Whether the newest order that should have closed it came to nothing."""
    tried = [order for order in account.recent.values() if _closes(order, position)]
    return bool(tried) and not tried[-1].filled


def _closes(order: Order, position: Position) -> bool:
    return order.tag == TAG and order.terms.instrument == position.instrument.id


def _close(
    account: AccountState, market: Market, position: Position, order_id: str, freed: set[str], ts: int
) -> list[Step]:
    instrument = _as_listed(position, market)
    terms = Terms(
        instrument=instrument.id,
        side="sell" if position.quantity > Decimal(0) else "buy",
        quantity=sellable(instrument.lot, abs(position.quantity)),
        order_type="market",
        reduce_only=not is_spot(instrument),
    )
    asked = Place(
        account=account.number, order_id=order_id, terms=terms, origin="system", tag=TAG, actor=TAG, ts=ts
    )
    verdict = door.judge(Ask(account, market, terms, ts=ts, order_id=order_id, freed=freed, urgent=True))
    if not isinstance(verdict, Refused):
        return [placed(asked, verdict)]
    return [
        Denied(account.number, verdict),
        Alert(
            account=account.number,
            severity="CRITICAL",
            title="A position could not be closed",
            message=f"The kill switch could not close {instrument.symbol}: {verdict.reason}",
            ts=ts,
        ),
    ]


def _done(account: AccountState, ts: int) -> list[Step]:
    text = "The kill switch is done: no order is working"
    text += " and no position is open." if account.flatten else "."
    return [
        TradingStateSet(
            account=account.number,
            state="HALTED",
            reason=account.reason,
            code=account.cause,
            actor=TAG,
            ts=ts,
        ),
        RiskNews(account=account.number, level="info", code="kill_switch", text=text, ts=ts),
        Alert(account=account.number, severity="INFO", title="Kill switch done", message=text, ts=ts),
    ]


def _count(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"
