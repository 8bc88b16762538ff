"""Figures as people read them: `+12.3 %`, `1.42`, `3 d 4 h`."""

from __future__ import annotations

import math
from typing import Final, Literal, NamedTuple

from candlewick.backtest.registry import METRICS, Figure, Metric, Unit

UNKNOWN: Final = "—"
_MINUS: Final = "−"
Tone = Literal["up", "down", ""]
# a sign of theirs says whether money was made
_SIGNED: Final = frozenset(
    {"net_profit", "total_return", "cagr", "benchmark_return", "alpha", "funding", "expectancy",
     "average_trade", "best_trade", "worst_trade"}
)  # fmt: skip


class Written(NamedTuple):
    """A figure's name, its text, whether it is good news, and how it comes about."""

    name: str
    label: str
    text: str
    tone: Tone
    formula: str


def written(name: str, value: Figure) -> Written:
    """One metric as it stands on a page."""
    metric = METRICS[name]
    tone: Tone = ""
    if name in _SIGNED and value is not None and value != 0:
        tone = "up" if value > 0 else "down"
    formula = metric.formula if value is not None else f"{metric.formula}. None: {metric.undefined}"
    return Written(name, metric.label, text_of(metric, value), tone, formula)


def text_of(metric: Metric, value: Figure) -> str:
    """A metric's value with its unit."""
    if value is None:
        return UNKNOWN
    sign = "+" if metric.name in _SIGNED and value > 0 else ""
    return sign + plain(value, metric.unit)


def plain(value: float, unit: Unit) -> str:
    """A value with its unit; a minus is a minus sign."""
    if unit == "duration":
        return lasting(value)
    if unit == "count":
        return with_minus(f"{value:,.0f}")
    if unit == "fraction":
        return with_minus(f"{100 * value:,.{1 if abs(value) >= 0.1 else 2}f} %")
    return with_minus(f"{value:,.2f}")


def price(value: float) -> str:
    """A price with as many digits as tell it: six at least."""
    if value == 0 or not math.isfinite(value):
        return UNKNOWN
    places = max(0, 5 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{min(places, 8)}f}"
    return with_minus(text.rstrip("0").rstrip(".") if "." in text else text)


def lasting(seconds: float) -> str:
    """The two largest units of a stretch of time."""
    minutes = round(seconds / 60)
    days, rest = divmod(minutes, 24 * 60)
    hours, minutes = divmod(rest, 60)
    if days >= 365:
        return f"{days / 365:.1f} years"
    if days:
        return f"{days:,} d {hours} h"
    return f"{hours} h {minutes:02d} m" if hours else f"{minutes} m"


def with_minus(text: str) -> str:
    """A number's text with a minus sign in place of its hyphen; without one where all of it is zero."""
    return text.replace("-", _MINUS) if any(digit in "123456789" for digit in text) else text.lstrip("-")
