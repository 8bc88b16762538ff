"""New orders: judged at the door, then an entry that says so."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from candlewick.core.errors import Conflict, OrderRefused, UsageError
from candlewick.core.order import CancelInFlight, InFlight, Order, Terms
from candlewick.ledger.contract import is_spot
from candlewick.ledger.position import Position
from candlewick.trading.account import AccountState
from candlewick.trading.commands import Close, Place
from candlewick.trading.effects import Alert
from candlewick.trading.entries import CancelPlaced, OrderPlaced
from candlewick.trading.idempotency import same_request
from candlewick.trading.marks import Market
from candlewick.trading.risk import door
from candlewick.trading.risk.ask import Ask
from candlewick.trading.risk.market import crossed
from candlewick.trading.risk.verdict import Approved, Refused, Verdict
from candlewick.trading.steps import Step, Steps

# Refusals of what is too little to be sold: nobody need be told of it who closes all.
DUST: Final = ("lot", "min_notional")


def place(account: AccountState, market: Market, command: Place) -> Steps:
    """A person's or program's order.

    Raises:
        OrderRefused: the door refused it.
        Conflict: its key or its id stands for another order.
    """
    known = account.keys.get(command.key) if command.key is not None else None
    if known is not None:
        if same_request(known, command):
            return ()
        raise Conflict(
            f"The idempotency key {command.key!r} was used for order {known.order_id}, which asked for "
            "something else. Use a new key."
        )
    if account.find(command.order_id) is not None:
        raise Conflict(f"There is an order {command.order_id} already. Use a new id.")
    verdict = judge(account, market, command)
    if isinstance(verdict, Refused):
        raise refusal(verdict)
    return (placed(command, verdict),)


def judge(account: AccountState, market: Market, command: Place) -> Verdict:
    """What the door says to an order, without sending it."""
    return door.judge(_asked(account, market, command))


def _asked(account: AccountState, market: Market, command: Place) -> Ask:
    return Ask(
        account,
        market,
        command.terms,
        ts=command.ts,
        order_id=command.order_id,
        stop_loss=command.stop_loss,
        take_profit=command.take_profit,
        oco=command.oco,
    )


def placed(command: Place, verdict: Approved) -> OrderPlaced:
    """The entry that says that an order passed the door."""
    return OrderPlaced(
        account=command.account,
        order=new_order(command),
        mark=verdict.mark,
        actor=command.actor,
        ts=command.ts,
    )


def new_order(command: Place) -> Order:
    """The order that a command asks for, on its way."""
    return Order(
        id=command.order_id,
        account=command.account,
        terms=command.terms,
        state=InFlight(),
        origin=command.origin,
        tag=command.tag,
        key=command.key,
        parent=None if command.leg is None else command.oco,
        leg=command.leg,
        oco=command.oco,
        stop_loss=command.stop_loss,
        take_profit=command.take_profit,
        created_at=command.ts,
        updated_at=command.ts,
    )


def refusal(refused: Refused) -> OrderRefused:
    """A refusal as the error that goes back to whoever asked."""
    return OrderRefused(refused.code, refused.reason, refused.limit, refused.value, refused.field)


def close(account: AccountState, market: Market, command: Close) -> Steps:
    """Close one position or all at the market, or turn one round.

    Of all of them, those that can be closed are; where others cannot, an alert says why.

    Raises:
        UsageError: there is no such position, or it cannot be turned round.
        OrderRefused: the door refused it, or it is less than a lot.
    """
    if command.instrument is not None:
        return close_one(account, market, command, command.instrument, command.order_id)
    if command.reverse:
        raise UsageError("Name the position to turn round: not all of them can be at once.")
    steps: list[Step] = []
    refusals: list[tuple[str, OrderRefused]] = []
    for n, (instrument, position) in enumerate(account.book.positions.items(), start=1):
        try:
            steps += close_one(account, market, command, instrument, f"{command.order_id}-{n}")
        except OrderRefused as refused:  # dust of one coin must not keep the others open
            refusals.append((position.instrument.symbol, refused))
    refusals.sort(key=lambda each: each[1].code in DUST)
    if refusals and not steps:
        raise refusals[0][1]
    return [*steps, *(_left_open(account, command, *each) for each in refusals if each[1].code not in DUST)]


def _left_open(account: AccountState, command: Close, symbol: str, refused: OrderRefused) -> Alert:
    return Alert(
        account=account.number,
        severity="WARNING",
        title="A position was not closed",
        message=f"{symbol} stays open while the others are being closed: {refused}",
        ts=command.ts,
    )


def close_one(
    account: AccountState, market: Market, command: Close, instrument_id: str, order_id: str
) -> list[Step]:
    """What closes one position: own orders that claim the holding, or that it would trade with, end first."""
    position = account.book.positions.get(instrument_id)
    if position is None:
        raise UsageError(f"There is no position in {instrument_id} to close.")
    if account.find(order_id) is not None:
        raise Conflict(f"There is an order {order_id} already. Use a new id.")
    spot = is_spot(position.instrument)
    if command.reverse and spot:
        raise UsageError(f"{position.instrument.symbol} is spot: it can be sold, but not sold short.")
    steps: list[Step] = []
    if spot:
        steps += [
            CancelPlaced(account.number, order.id, command.actor, command.ts)
            for order in account.orders.values()
            if _sells(order, position.instrument.base, market) and not isinstance(order.state, CancelInFlight)
        ]
    lot = market.instruments.get(instrument_id, position.instrument).lot  # a venue may have changed it
    quantity = sellable(lot, abs(position.quantity))
    if lot is not None and not quantity:
        raise refusal(_less_than_a_lot(position, lot))
    terms = Terms(
        instrument=instrument_id,
        side="sell" if position.quantity > 0 else "buy",
        quantity=quantity * (2 if command.reverse else 1),
        order_type="market",
        reduce_only=not spot and not command.reverse,
    )
    asked = Place(
        account=account.number,
        order_id=order_id,
        terms=terms,
        origin=command.origin,
        actor=command.actor,
        ts=command.ts,
    )
    in_the_way = Ask(account, market, terms, ts=command.ts, order_id=order_id)
    steps += [
        CancelPlaced(account.number, order.id, command.actor, command.ts)
        for order, _ in crossed(in_the_way)
        if not isinstance(order.state, CancelInFlight)
    ]
    freed = {step.order_id for step in steps if isinstance(step, CancelPlaced)}
    freed |= {order.id for order, _ in crossed(in_the_way)}
    verdict = door.judge(Ask(account, market, terms, ts=command.ts, order_id=order_id, freed=freed))
    if isinstance(verdict, Refused):
        raise refusal(verdict)
    return [*steps, placed(asked, verdict)]


def _less_than_a_lot(position: Position, lot: Decimal) -> Refused:
    instrument, held = position.instrument, abs(position.quantity)
    return Refused(
        code="lot",
        reason=(
            f"{instrument.symbol} trades in lots of {lot:f}, and the position is less: {held:f}. Leave it, "
            f"or {'buy' if position.quantity > 0 else 'sell'} a lot or more first and close both together."
        ),
        limit=lot,
        value=held,
    )


def _sells(order: Order, base: str, market: Market) -> bool:
    """Whether a spot order would sell this coin, on whichever instrument."""
    instrument = market.instruments.get(order.terms.instrument)
    if instrument is None or not is_spot(instrument):
        return False
    return order.terms.side == "sell" and instrument.base == base


def sellable(lot: Decimal | None, quantity: Decimal) -> Decimal:
    """A quantity in whole lots: what a fee in base has left beyond them stays as dust."""
    return quantity if lot is None else quantity // lot * lot
