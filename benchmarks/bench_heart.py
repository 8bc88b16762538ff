"""The heart with accounts: what a tick costs that marks positions, and what an order costs."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from benchmarks.report import Figure, cpu_seconds, show
from candlewick.cli.measuring.heart import START_NS, TICKS_PER_S, desk, tick_us
from candlewick.core.clock import NS_PER_MS
from candlewick.core.order import Terms
from candlewick.trading.commands import Place
from candlewick.trading.risk.verdict import Approved

POSITIONS: Final = 20
ORDERS: Final = 300


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
