"""The heart with accounts: what a tick costs that marks positions."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from candlewick.cli.measuring.figure import cpu_seconds
from candlewick.core.clock import NS_PER_S
from candlewick.core.events import Derivative, Quote
from candlewick.core.instrument import Instrument
from candlewick.core.order import Terms
from candlewick.core.reports import Accepted, Fill
from candlewick.trading.commands import OpenAccount, Place
from candlewick.trading.engine import Engine
from candlewick.trading.risk.limits import Limits

TICKS: Final = 20_000
START_NS: Final = 1_760_000_000 * NS_PER_S
TICKS_PER_S: Final = 200
"""Those of a busy account: the watch over losses and margin looks once a second."""
LIMITS: Final = Limits(max_orders_per_minute=None, max_open_orders=None, max_data_age_s=None)


def perpetual(n: int) -> Instrument:
    return Instrument(
        id=f"bench:C{n}USDT-PERP",
        venue="bench",
        symbol=f"C{n}USDT-PERP",
        native=f"C{n}USDT",
        kind="perp",
        base=f"C{n}",
        quote="USDT",
        settle="USDT",
        tick=Decimal("0.01"),
        lot=Decimal("0.001"),
    )


def desk(accounts: int, instruments: int) -> tuple[Engine, list[Instrument]]:
    """A heart in which each of `accounts` is long all of `instruments`."""
    engine, listed = Engine(), [perpetual(n) for n in range(instruments)]
    for instrument in listed:
        engine.list_instrument(instrument)
        engine.process(Derivative(instrument.id, START_NS, START_NS, mark=100.0))
        engine.process(Quote(instrument.id, 99.99, 1e6, 100.01, 1e6, None, START_NS, START_NS))
    for account in range(1, accounts + 1):
        engine.process(
            OpenAccount(
                account=account,
                name=f"bench {account}",
                kind="paper",
                currency="USDT",
                cash=Decimal(1_000_000),
                limits=LIMITS,
                actor="bench",
                ts=START_NS,
            )
        )
        for instrument in listed:
            trade(engine, account, instrument, f"open-{account}-{instrument.symbol}")
    return engine, listed


def trade(engine: Engine, account: int, instrument: Instrument, id: str) -> None:
    """An order, its acceptance and its fill."""
    terms = Terms(instrument=instrument.id, side="buy", quantity=Decimal(10), order_type="market")
    engine.process(
        Place(account=account, order_id=id, terms=terms, key=id, origin="api", actor="bench", ts=START_NS)
    )
    engine.process(Accepted(account, id, None, START_NS))
    engine.process(
        Fill(
            account=account,
            id=id,
            order_id=id,
            instrument=instrument.id,
            side="buy",
            price=Decimal(100),
            quantity=Decimal(10),
            fee=Decimal("0.5"),
            fee_currency="USDT",
            liquidity="taker",
            ts=START_NS,
        )
    )


def ticks(listed: list[Instrument]) -> list[Derivative]:
    """New marks of one instrument after the other, each other than the last."""
    made = []
    for n in range(TICKS):
        ts = START_NS + n * NS_PER_S // TICKS_PER_S
        made.append(Derivative(listed[n % len(listed)].id, ts, ts, mark=100.0 + (n % 7) * 0.01))
    return made


def tick_us(accounts: int, instruments: int) -> float:
    """µs CPU of a tick, the watch over limits included; that of the same heart without accounts taken off."""
    engine, listed = desk(accounts, instruments)
    idle, _ = desk(0, instruments)
    events = ticks(listed)
    clock = 0

    def run(heart: Engine) -> None:
        nonlocal clock
        clock += 1  # a later day each time, or the heart would find the ticks too old
        shift = clock * 3_600 * NS_PER_S
        for event in events:
            heart.process(
                Derivative(
                    event.instrument, event.ts_exchange + shift, event.ts_received + shift, mark=event.mark
                )
            )

    return (cpu_seconds(lambda: run(engine)) - cpu_seconds(lambda: run(idle))) / TICKS * 1e6
