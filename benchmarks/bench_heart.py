"""The heart with accounts: what a tick costs that marks positions, and what an order costs."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from benchmarks.report import Figure, cpu_seconds, show
from candlewick.core.clock import NS_PER_MS, NS_PER_S
from candlewick.core.events import Derivative, Quote
from candlewick.core.instrument import Instrument
from candlewick.core.order import Terms
from candlewick.core.reports import Accepted, Fill
from candlewick.trading.commands import OpenAccount, Place
from candlewick.trading.engine import Engine
from candlewick.trading.risk.limits import Limits
from candlewick.trading.risk.verdict import Approved

POSITIONS: Final = 20
TICKS: Final = 20_000
ORDERS: Final = 300
START_NS: Final = 1_760_000_000 * NS_PER_S
# The watch over losses and margin looks once a second; so many ticks a second are those of a busy account.
TICKS_PER_S: Final = 200
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


def order_us(*, judged_only: bool) -> float:
    """µs CPU of an order of an account with 20 positions: to the verdict, or to the journal and the send."""
    engine, listed = desk(1, POSITIONS)
    count = 0

    def place() -> None:
        nonlocal count
        for _ in range(ORDERS):
            count += 1
            terms = Terms(
                instrument=listed[count % POSITIONS].id,
                side="buy",
                quantity=Decimal("0.1"),
                order_type="limit",
                limit_price=Decimal("99.5"),
            )
            command = Place(
                account=1,
                order_id=f"o{count}",
                terms=terms,
                origin="api",
                actor="bench",
                ts=START_NS + count * NS_PER_MS,
            )
            if judged_only:
                verdict = engine.judge(command)
                if not isinstance(verdict, Approved):
                    raise RuntimeError(f"The bench's order was refused: {verdict.reason}")
            else:
                engine.process(command)
                engine.desk.accounts[1].orders.clear()

    return cpu_seconds(place) / ORDERS * 1e6


def main() -> list[Figure]:
    """µs CPU of ticks that mark positions, and of orders."""
    held = f"{POSITIONS} positions; half of what a request may cost"
    return [
        Figure(
            "heart: a tick that marks 20 positions",
            tick_us(POSITIONS, 1),
            "µs",
            10.0,
            note="20 accounts hold it; limits watched once a second",
        ),
        Figure(
            "heart: a tick of one of an account's 20 positions",
            tick_us(1, POSITIONS),
            "µs",
            10.0,
            note=f"{TICKS_PER_S} ticks a second; limits watched once a second",
        ),
        Figure("heart: an order at the door", order_us(judged_only=True), "µs", 750.0, note=held),
        Figure("heart: an order, to the journal", order_us(judged_only=False), "µs", 750.0, note=held),
    ]


if __name__ == "__main__":
    show(main())
