"""Whether what a strategy says about itself makes sense, before anything is run."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from candlewick.core.errors import UsageError
from candlewick.trading.strategy.protections import Cooldown, DrawdownPause
from candlewick.trading.strategy.sizing import Sizing
from candlewick.trading.strategy.strategy import Strategy


def check_terms(strategy: Strategy) -> None:
    """Look at a strategy's sizing, exits, protections and warm-up and timeout, with the values it has now.

    Raises:
        UsageError: one of them cannot be used; names it, and what to give.
    """
    name = type(strategy).__name__
    if not isinstance(strategy.sizing, Sizing):
        raise UsageError(
            f"sizing of {name} is {strategy.sizing!r}: give a rule, such as cw.Fraction(0.5) or "
            "cw.Risk(0.01)."
        )
    for count in ("time_exit", "warm_up"):
        value = getattr(strategy, count)
        if value is not None and not _is_count(value):
            raise UsageError(f"{count} of {name} is {value!r}: give a whole number of bars, or None.")
    longest = strategy.timeout_s
    if longest is not None and not (_is_number(longest) and longest > 0):
        raise UsageError(
            f"timeout_s of {name} is {longest!r}: give seconds above zero, or None for any time."
        )
    even = strategy.break_even
    if even is not None and not (_is_number(even) and even >= 0):
        raise UsageError(
            f"break_even of {name} is {even!r}: give a profit as a fraction (0.02 is 2 %), or None."
        )
    if not (_is_number(strategy.leverage) and strategy.leverage >= 1):
        raise UsageError(f"leverage of {name} is {strategy.leverage!r}: give a number from 1 to 125.")
    _check_partials(name, strategy.partial_exits)
    _check_protections(name, strategy.protections)


def _check_partials(name: str, partials: Any) -> None:
    pairs: list[Any] = list(partials) if isinstance(partials, Iterable) else [partials]
    last = 0.0
    for pair in pairs:
        good = isinstance(pair, tuple | list) and len(pair) == 2 and all(map(_is_number, pair))
        if not good or not (pair[0] > last and 0 < pair[1] < 1):
            raise UsageError(
                f"partial_exits of {name} are {partials!r}: give pairs of a rising profit above zero and a "
                "part between 0 and 1, such as ((0.04, 0.5),)."
            )
        last = pair[0]


def _check_protections(name: str, protections: Any) -> None:
    each = list(protections) if isinstance(protections, Iterable) else [None]
    if not all(isinstance(one, Cooldown | DrawdownPause) for one in each):
        raise UsageError(
            f"protections of {name} are {protections!r}: give a tuple of cw.Cooldown(…) and "
            "cw.DrawdownPause(…)."
        )


def _is_number(value: Any) -> bool:
    return not isinstance(value, bool | str) and hasattr(value, "__float__") and math.isfinite(float(value))


def _is_count(value: Any) -> bool:
    return _is_number(value) and float(value) == int(value) and value >= 0
