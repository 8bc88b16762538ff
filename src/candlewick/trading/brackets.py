"""Stops and targets that follow an entry, and orders that cancel each other.

An entry's legs are placed when it is filled, for as much as is filled, and grow with it; what one leg closes
the other need not close any more. Perpetuals' legs only reduce; spot legs share the holding.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from hashlib import blake2b
from typing import Final

from msgspec.structs import replace

from candlewick.core.events import Side
from candlewick.core.instrument import Instrument
from candlewick.core.order import InFlight, Leg, Open, Order, PartlyFilled, Terms
from candlewick.ledger.contract import is_spot
from candlewick.trading import orders
from candlewick.trading.account import AccountState
from candlewick.trading.changing import judge_terms
from candlewick.trading.effects import Alert, Denied
from candlewick.trading.entries import AmendPlaced, CancelPlaced, OrderPlaced
from candlewick.trading.marks import Market
from candlewick.trading.placing import sellable
from candlewick.trading.risk import door
from candlewick.trading.risk.ask import Ask
from candlewick.trading.risk.exposure import claims
from candlewick.trading.risk.funds import sales
from candlewick.trading.risk.verdict import Refused
from candlewick.trading.steps import Step

ACTOR: Final = "bracket"
ZERO: Final = Decimal(0)
LEGS: Final[tuple[tuple[Leg, str], ...]] = (("stop_loss", "sl"), ("take_profit", "tp"))
LONGEST_PARENT: Final = 33  # an order's id has 36 characters at most


def leg_id(parent: str, leg: Leg) -> str:
    """The id of an entry's leg: always the same, so that none is placed twice."""
    stem = parent if len(parent) <= LONGEST_PARENT else blake2b(parent.encode(), digest_size=16).hexdigest()
    return f"{stem}-{dict(LEGS)[leg]}"


def follow(account: AccountState, market: Market, entry: Order, ts: int) -> list[Step]:
    """Bring the legs of an entry in line with what of it is filled and not closed by them."""
    legs = _legs_of(account, entry)
    open_quantity = entry.filled - sum((order.filled for order in legs), ZERO)
    prices: dict[Leg, Decimal | None] = {"stop_loss": entry.stop_loss, "take_profit": entry.take_profit}
    steps: list[Step] = []
    for leg, price in prices.items():
        if price is None:
            continue
        placed = [order for order in legs if order.leg == leg]
        if not placed and open_quantity > 0:
            steps += _place(account, market, entry, leg, price, open_quantity, ts)
        for order in placed:
            if order.is_working:
                steps += _resize(account, market, order, open_quantity, ts)
    return steps


def _legs_of(account: AccountState, entry: Order) -> list[Order]:
    """An entry's legs so far, and those that were placed where one of them was taken back."""
    return [each for each in (*account.recent.values(), *account.orders.values()) if each.parent == entry.id]


def cancel_others(account: AccountState, order: Order, ts: int) -> list[Step]:
    """The other orders of an OCO group, once one of it is filled in part or whole."""
    if order.oco is None or order.leg is not None:
        return []
    return [
        CancelPlaced(account.number, each.id, "oco", ts)
        for each in account.orders.values()
        if each.oco == order.oco and each.id != order.id and orders.ask_cancel(each, ts) is not None
    ]


def drop_idle(account: AccountState, instrument: str, ts: int) -> Iterator[Step]:
    """Cancel reduce-only orders that have nothing to reduce any more."""
    for order in account.orders.values():
        if order.terms.instrument != instrument or not order.terms.reduce_only:
            continue
        if not protects(account, instrument, order.terms.side) and orders.ask_cancel(order, ts) is not None:
            yield CancelPlaced(account.number, order.id, "reduce-only", ts)


def _place(
    account: AccountState,
    market: Market,
    entry: Order,
    leg: Leg,
    price: Decimal,
    quantity: Decimal,
    ts: int,
) -> list[Step]:
    instrument = account.book.instruments[entry.terms.instrument]
    side: Side = "sell" if entry.terms.side == "buy" else "buy"
    if not protects(account, instrument.id, side):
        return []  # it only made a position of the other side smaller: there is nothing to protect
    terms = leg_terms(market, instrument, side, leg, price, _whole(account, market, entry, quantity))
    id = leg_id(entry.id, leg)
    if not terms.quantity:
        return []  # less than a lot so far
    verdict = door.judge(Ask(account, market, terms, ts=ts, order_id=id, oco=entry.id))
    if isinstance(verdict, Refused):
        what = leg.replace("_", " ")
        return [
            Denied(account.number, verdict),
            Alert(
                account=account.number,
                severity="CRITICAL",
                title=f"No {what} for {terms.instrument}",
                message=f"The {what} of order {entry.id} could not be placed: {verdict.reason}",
                ts=ts,
            ),
        ]
    order = Order(
        id=id,
        account=account.number,
        terms=terms,
        state=InFlight(),
        origin=entry.origin,
        tag=entry.tag,
        parent=entry.id,
        leg=leg,
        oco=entry.id,
        created_at=ts,
        updated_at=ts,
    )
    return [OrderPlaced(account=account.number, order=order, mark=verdict.mark, actor=ACTOR, ts=ts)]


def protects(account: AccountState, instrument: str, side: Side) -> bool:
    """Whether there is a position that an order of this side would reduce."""
    held = account.position(instrument)
    return held > 0 if side == "sell" else held < 0


def leg_terms(
    market: Market, instrument: Instrument, side: Side, leg: Leg, price: Decimal, quantity: Decimal
) -> Terms:
    """A leg's terms. Where the price is beyond it already, it closes at the market: it would fire at once."""
    mark = market.exact(instrument.id)
    above = (side == "buy") == (leg == "stop_loss")
    passed = mark is not None and (mark >= price if above else mark <= price)
    return Terms(
        instrument=instrument.id,
        side=side,
        quantity=quantity,
        order_type="market" if passed else "stop" if leg == "stop_loss" else "take_profit",
        stop_price=None if passed else price,
        reduce_only=not is_spot(instrument),
    )


def _whole(account: AccountState, market: Market, entry: Order, quantity: Decimal) -> Decimal:
    """In whole lots, and on spot no more than is there: a fee in the coin leaves less than was bought."""
    instrument = account.book.instruments[entry.terms.instrument]
    if is_spot(instrument):
        others = [each for each in claims(account) if each.group != entry.id]
        free = account.book.balances.get(instrument.base, ZERO) - sales(market, instrument.base, others)
        quantity = min(quantity, max(free, ZERO))
    return sellable(instrument.lot, quantity)


def _resize(account: AccountState, market: Market, leg: Order, open_quantity: Decimal, ts: int) -> list[Step]:
    if open_quantity <= 0:
        return [] if orders.ask_cancel(leg, ts) is None else [CancelPlaced(account.number, leg.id, ACTOR, ts)]
    if not protects(account, leg.terms.instrument, leg.terms.side):
        return []  # the position is gone by other means, and the leg goes too
    settled = isinstance(leg.state, Open | PartlyFilled) and leg.amending is None
    if not settled or leg.triggered_at is not None:
        return []  # it is looked at again when the venue has answered
    assert leg.parent is not None
    entry = account.find(leg.parent)
    wanted = leg.filled + (open_quantity if entry is None else _whole(account, market, entry, open_quantity))
    if wanted in (leg.terms.quantity, leg.filled) or leg.terms.order_type == "market":
        return []
    terms = replace(leg.terms, quantity=wanted)
    refused = judge_terms(account, market, leg, terms, ts, urgent=True)
    if refused is None:
        return [AmendPlaced(account.number, leg.id, terms, ACTOR, ts)]
    return [
        Denied(account.number, refused),
        Alert(
            account=account.number,
            severity="CRITICAL",
            title="A stop or target does not cover the position",
            message=f"Order {leg.id} is for {leg.remaining:f} and could not be changed: {refused.reason}",
            ts=ts,
        ),
    ]
