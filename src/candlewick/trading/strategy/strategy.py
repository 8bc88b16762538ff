"""`Strategy`: the class that people derive theirs from."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from candlewick.core.errors import UsageError
from candlewick.market.bars import Bars
from candlewick.trading.strategy.context import Context
from candlewick.trading.strategy.param import Param
from candlewick.trading.strategy.protections import Protection
from candlewick.trading.strategy.signals import Signals
from candlewick.trading.strategy.sizing import ALL_IN, Sizing

Indicators = Mapping[str, Any]


class Strategy:
    """A way to trade, written once for backtest, replay, paper and live.

    Write `signals` (arrays for all bars at once) or `on_bar` (called at each bar's close); `indicators` is
    worked out before either. Parameters are given by name: `EmaCross(fast=10)`.

    Attributes:
        timeframe: of the bars that it wants; empty: any.
        sizing: how much an entry is for.
        leverage: of its positions in perpetuals.
        time_exit: close what was held for so many bars; None or 0: never.
        break_even: profit, as a fraction, from which the stop stands at the entry; None or 0: never.
        partial_exits: pairs of a profit (as a fraction) and the part of the position that is closed there.
        protections: pauses after losses.
        warm_up: bars that it wants before the first at which it may trade; None: until all its indicators
            have a value.
        timeout_s: seconds of work that one call of its code may take before it is ended with an error that
            names the line; None: any.
    """

    timeframe: ClassVar[str] = ""
    sizing: Sizing = ALL_IN
    leverage: float = 1.0
    time_exit: int | None = None
    break_even: float | None = None
    partial_exits: tuple[tuple[float, float], ...] = ()
    protections: tuple[Protection, ...] = ()
    warm_up: int | None = None
    timeout_s: float | None = 60.0

    def __init__(self, **parameters: Any) -> None:
        known = self.parameters()
        for name, value in parameters.items():
            if name not in known:
                there = ", ".join(known) or "none"
                raise UsageError(f"{type(self).__name__} has no parameter {name!r}. It has: {there}.")
            setattr(self, name, value)

    def __repr__(self) -> str:
        told = ", ".join(f"{name}={value!r}" for name, value in self.values.items())
        return f"{type(self).__name__}({told})"

    @classmethod
    def parameters(cls) -> dict[str, Param[Any]]:
        """Its parameters by name, in order of declaration, those of what it derives from first."""
        this: Any = cls  # the type checker doubts that a class of classes can be a key
        return dict(_parameters_of(this))

    @property
    def values(self) -> dict[str, Any]:
        """Its parameters' values by name."""
        return {name: getattr(self, name) for name in self.parameters()}

    def but(self, **parameters: Any) -> Self:
        """The same strategy with other values for some parameters; what was set on it besides stays."""
        made = type(self)(**(self.values | parameters))
        known = self.parameters()
        for name in Strategy.__annotations__:
            if name in vars(self) and name not in known:
                vars(made)[name] = vars(self)[name]
        return made

    def indicators(self, bars: Bars) -> Indicators:
        """Columns by name, as long as the bars; row i may know nothing that is later than bar i."""
        return {}

    def signals(self, bars: Bars, ind: Indicators) -> Signals:
        """What it wants at each bar's close."""
        raise NotImplementedError

    def on_bar(self, ctx: Context) -> None:
        """Called at each bar's close; orders are given through `ctx`, and act from the next open on."""
        raise NotImplementedError

    @classmethod
    def signals_only(cls) -> bool:
        """Whether it is a strategy of arrays."""
        return cls.on_bar is Strategy.on_bar

    @classmethod
    def check(cls) -> None:
        """Whether it can be run at all.

        Raises:
            UsageError: it says nothing, or something about itself makes no sense.
        """
        if cls.on_bar is Strategy.on_bar and cls.signals is Strategy.signals:
            raise UsageError(
                f"{cls.__name__} has neither signals() nor on_bar(): write one of them, so that it can trade."
            )

    def settled_from(self, bars: Bars, ind: Indicators) -> int:
        """The first bar at which it may signal: `warm_up`, or the first at which every indicator is known."""
        if self.warm_up is not None:
            return self.warm_up
        first = 0
        for column in ind.values():
            values = np.asarray(column)
            if values.ndim == 1 and values.dtype.kind == "f" and len(values) == len(bars):
                first = max(first, _first_known(values))
        return first


@lru_cache(maxsize=256)
def _parameters_of(strategy: type[Any]) -> dict[str, Param[Any]]:
    """Looked for once a class: a search makes a strategy a thousand times a second."""
    found: dict[str, Param[Any]] = {}
    for each in reversed(strategy.__mro__):
        found |= {name: value for name, value in vars(each).items() if isinstance(value, Param)}
    return found


def _first_known(values: NDArray[Any]) -> int:
    """The first row that is a number; their count if none is. Looks no further than it must."""
    begin, length = 0, 256
    while begin < len(values):
        part = values[begin : begin + length]
        known = part == part
        if known.any():
            return begin + int(np.argmax(known))
        begin, length = begin + length, 2 * length
    return len(values)
