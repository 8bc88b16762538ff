"""Asks for the drift of a strategy at work: gathers what it did, has its backtest run, and compares both."""

from __future__ import annotations

import asyncio
import math
import os
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from candlewick.core.clock import NS_PER_S
from candlewick.core.errors import Conflict
from candlewick.core.events import Funding
from candlewick.core.instrument import Instrument
from candlewick.core.interval import open_time, seconds
from candlewick.core.reports import Fill, FundingPaid
from candlewick.ledger.contract import is_spot
from candlewick.market.bars import Bars
from candlewick.runtime.strategies import child
from candlewick.runtime.strategies.course import fee_in_quote
from candlewick.runtime.strategies.drift import Drift, Filled, Funded, drift_of, trades_of
from candlewick.runtime.strategies.expected_process import Answered, Asked, Settled
from candlewick.runtime.strategies.messages import Columns
from candlewick.runtime.strategies.rates import minute_of
from candlewick.store.journal.records import SentOrder
from candlewick.trading.account import AccountState

WITHIN_S: Final = 60.0
PAID_WITHIN_S: Final = 600  # on paper a settlement is paid on the first event after its time
_MODULE: Final = "candlewick.runtime.strategies.expected_process"


class DriftUnknown(Conflict):
    """The drift cannot be told; the sentence says why."""


async def expected_of(asked: Asked) -> Answered:
    """What the backtest did, of a process of its own.

    Raises:
        DriftUnknown: it did not answer in time, or failed.
    """
    process, answers = await child.started(_MODULE, prints=False)
    reading = asyncio.create_task(asyncio.to_thread(_read, answers))
    try:
        async with asyncio.timeout(WITHIN_S):
            await process.communicate(msgspec.msgpack.encode(asked))
            told = await asyncio.shield(reading)
    except TimeoutError:
        raise DriftUnknown(f"Its backtest did not end within {WITHIN_S:.0f} s.") from None
    finally:
        await child.ended(process)
        await reading  # the process was the pipe's other end: there is nothing more to come
    if not told:
        raise DriftUnknown("Its backtest ended and said nothing.")
    found = msgspec.msgpack.decode(told, type=Answered)
    if found.fault:
        raise DriftUnknown(f"Its backtest failed: {found.fault}")
    return found


def compare(
    found: Answered,
    booked: Sequence[tuple[Fill | FundingPaid, bool]],
    sent: dict[str, SentOrder],
    bars: Sequence[Bars],
    id: str,
) -> Drift:
    """The drift: what was expected, beside what was booked."""
    last = {each.symbol: float(each.close[-1]) for each in bars if len(each)}
    return drift_of(found.trades, trades_of(_told(booked, sent, id), last))


def request(
    *,
    strategy: str,
    file: str,
    parameters: dict[str, Any],
    timeframe: str,
    bars: Sequence[Bars],
    instruments: list[Instrument],
    account: AccountState,
    funding: list[list[Settled]],
    begun_ns: int,
    capital: float,
) -> Asked:
    """What the backtest is asked: on the bars since it began, and on the account's terms."""
    settings = account.settings
    fees = settings.spot_fees if is_spot(instruments[0]) else settings.perp_fees
    return Asked(
        strategy=strategy,
        file=file,
        parameters=parameters,
        timeframe=timeframe,
        bars=[Columns.of(each) for each in bars],
        instruments=instruments,
        funding=funding,
        # the first bar that it could answer was the one that was open when it began
        begins=open_time(begun_ns // NS_PER_S, seconds(timeframe)),
        cash=capital,
        fee_taker=float(fees.taker),
        fee_maker=float(fees.maker),
        slippage_bps=float(settings.slippage_bps),
    )


def settlements(
    instrument: str, told: Sequence[Funding], booked: Sequence[tuple[Fill | FundingPaid, bool]]
) -> list[Settled]:
    """Funding of an instrument as its venue settled it; where the account paid or received, as that did."""
    known = {minute_of(each.ts_exchange): (each.rate, each.mark) for each in told}
    for money, _ in booked:
        if isinstance(money, FundingPaid) and money.instrument == instrument:
            paid = minute_of(money.ts)
            time = next((each for each in known if 0 <= paid - each < PAID_WITHIN_S), paid)
            known[time] = float(money.rate), float(money.mark)
    return [
        Settled(time, rate, math.nan if mark is None else mark)
        for time, (rate, mark) in sorted(known.items())
    ]


def _told(
    booked: Sequence[tuple[Fill | FundingPaid, bool]], sent: dict[str, SentOrder], id: str
) -> list[Filled | Funded]:
    held: dict[str, float] = {}
    found: list[Filled | Funded] = []
    for money, own in booked:
        if isinstance(money, FundingPaid):
            found.append(Funded(money.instrument, float(money.amount)))
            continue
        now, size, buys = held.get(money.instrument, 0.0), float(money.quantity), money.side == "buy"
        if not own:  # of what somebody else closed, so much as it held
            if now == 0.0 or (now > 0.0) == buys:
                continue
            size = min(size, abs(now))
        held[money.instrument] = now + (size if buys else -size)
        order = sent.get(money.order_id)
        found.append(
            Filled(
                symbol=money.instrument,
                buys=buys,
                price=float(money.price),
                size=size,
                fee=fee_in_quote(money) * size / float(money.quantity),
                time=money.ts // NS_PER_S,
                signal=_signal(money.order_id, id),
                mark=None if order is None or order.mark is None else float(order.mark),
                reason="by hand" if not own else "signal" if order is None or not order.leg else order.leg,
                own=own,
            )
        )
    return found


def _signal(order_id: str, id: str) -> int:
    """Open time of the bar that an order answers, which its id tells; 0: it answers none."""
    strategy, _, rest = order_id.partition("-")
    word = rest.partition("-")[0]
    try:
        return int(word, 36) if strategy == id else 0
    except ValueError:
        return 0


def _read(descriptor: int) -> bytes:
    with os.fdopen(descriptor, "rb") as pipe:
        return pipe.read()
