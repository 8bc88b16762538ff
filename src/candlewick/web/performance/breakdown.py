"""Closed trades by what they share: strategy, symbol, hour, weekday, side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from candlewick.backtest import metrics
from candlewick.store.journal.reader import Records
from candlewick.store.journal.records import BucketRecord
from candlewick.web.performance.span import Span
from candlewick.web.performance.study import ZERO

BY: Final[dict[str, str]] = {
    "strategy": "Strategy",
    "symbol": "Symbol",
    "side": "Side",
    "weekday": "Day of the week",
    "hour": "Hour of the day",
}
WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_ORIGINS: Final = {
    "manual": "By hand",
    "api": "Programs",
    "webhook": "Webhooks",
    "system": "The house itself",
    "external": "Elsewhere, or imported",
}
_MOST: Final = 50


@dataclass(frozen=True, slots=True)
class Part:
    """The trades of one value."""

    value: str
    title: str
    currency: str
    trades: int
    wins: int
    net: Decimal
    profit: Decimal
    loss: Decimal

    @property
    def win_rate(self) -> float | None:
        return metrics.win_rate(self.wins, self.trades)

    @property
    def profit_factor(self) -> Decimal | None:
        return metrics.profit_factor(self.profit, self.loss)

    @property
    def expectancy(self) -> Decimal | None:
        return metrics.expectancy(self.net, self.trades)


@dataclass(frozen=True, slots=True)
class Table:
    """Parts of one kind; `left_off`: how many smaller ones are not shown."""

    by: str
    title: str
    parts: list[Part]
    left_off: int = 0


def table(records: Records, account: int, span: Span, by: str) -> Table:
    """The trades closed in a span, by one of `BY`."""
    parts = [
        part_of(row, title_of(by, row.value))
        for row in records.buckets(account, span.start_ns, span.end_ns, by=by)
    ]
    if by in ("symbol", "strategy"):  # by what they came to; hours and days keep their order
        parts.sort(key=lambda part: -part.net)
    elif by == "side":
        parts.sort(key=lambda part: part.value)
    return Table(by, BY[by], _ends(parts), max(len(parts) - _MOST, 0))


def part_of(row: BucketRecord, title: str) -> Part:
    return Part(row.value, title, row.currency, row.trades, row.wins, row.net, row.profit, row.loss)


def title_of(by: str, value: str) -> str:
    """What a value is called."""
    match by:
        case "weekday":
            return WEEKDAYS[int(value) - 1]
        case "hour":
            return f"{value}:00"
        case "side":
            return value.capitalize()
        case "strategy":
            return _ORIGINS.get(value, value) or "Not told"
    return value


def summed(parts: Sequence[Part], value: str, title: str, currency: str) -> Part:
    """Several parts as one."""
    return Part(
        value,
        title,
        currency,
        sum(part.trades for part in parts),
        sum(part.wins for part in parts),
        sum((part.net for part in parts), ZERO),
        sum((part.profit for part in parts), ZERO),
        sum((part.loss for part in parts), ZERO),
    )


def _ends(parts: list[Part]) -> list[Part]:
    """All of them, or the best and the worst."""
    return parts if len(parts) <= _MOST else [*parts[: _MOST // 2], *parts[-_MOST // 2 :]]
