"""What an indicator is to a chart, a page or a program that asks: name, parameters, lines, way of drawing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from candlewick.core.errors import UsageError
from candlewick.market.bars import Bars, Column
from candlewick.market.indicators.columns import columns_of
from candlewick.market.indicators.live import Live
from candlewick.market.indicators.run import OVER_COLUMNS, Formula

Group = Literal["trend", "momentum", "volatility", "volume", "statistics", "patterns"]
Draw = Literal["line", "band", "histogram", "dots", "marker", "candle", "none"]

# After this many periods what lies before them moves a recursive mean by less than 1e-9 of itself.
CONVERGED: Final = 12
# Sums since the first bar depend on every one: a chart reads as many as it may.
EVERYTHING: Final = 5_000


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number that an indicator takes; whole unless `fraction`."""

    name: str
    default: float
    low: float
    high: float
    fraction: bool = False

    def read(self, indicator: str, text: str) -> float:
        """The value that `text` means.

        Raises:
            UsageError: it is no number, or out of bounds.
        """
        try:
            value = float(text) if self.fraction else int(text)
        except ValueError:
            value = np.nan
        if not self.low <= value <= self.high:
            kind = "a number" if self.fraction else "a whole number"
            raise UsageError(
                f"The {self.name} of {indicator} is {text!r}: give {kind} from {self.low:g} to {self.high:g}."
            )
        return value


@dataclass(frozen=True, slots=True)
class Output:
    """A line of an indicator.

    Attributes:
        draw: `line`; `band`, the edge of an area that lies between two of them; `histogram` from zero;
        `dots`;
            `marker` at bars where it is not zero; `candle`, one of the four lines of candles; `none`.
        drawn_back_by: the parameter that says by how many bars further left it is drawn. The value itself
            stands in the row in which it is known.
    """

    name: str
    draw: Draw = "line"
    drawn_back_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """An indicator that a chart can show.

    Attributes:
        pane: drawn over the prices, or in a pane of its own.
        columns: what it reads of the bars.
        outputs: its lines, in the order in which `formula` gives them.
        convention: formula, seed and smoothing in words.
        warm_up: rows before every line has a value; None where that depends on the times of the bars.
        lookback: rows before the first one shown that its values depend on.
        levels: customary lines across its pane.
        is_relative: its level depends on the first bar that was read; only its changes mean something.
        refuse: what is wrong with parameters that do not go together, None if nothing.
    """

    name: str
    title: str
    group: Group
    pane: Literal["price", "own"]
    columns: tuple[str, ...]
    outputs: tuple[Output, ...]
    formula: Formula
    convention: str
    warm_up: Callable[..., int | None]
    lookback: Callable[..., int]
    parameters: tuple[Parameter, ...] = ()
    levels: tuple[float, ...] = ()
    is_relative: bool = False
    refuse: Callable[..., str | None] = lambda *values: None


@dataclass(frozen=True, slots=True)
class Study:
    """An indicator with its numbers: `ema:20`."""

    indicator: Indicator
    values: tuple[float, ...]

    @property
    def key(self) -> str:
        """Its name as it is asked for, every number written out."""
        return ":".join([self.indicator.name, *(_plain(value) for value in self.values)])

    @property
    def warm_up(self) -> int | None:
        """Rows before every line has a value; None where that depends on the times of the bars."""
        return self.indicator.warm_up(*self.values)

    @property
    def lookback(self) -> int:
        """Bars before the first one shown that its values depend on."""
        return self.indicator.lookback(*self.values)

    @property
    def lines(self) -> tuple[str, ...]:
        """Names of its lines."""
        return tuple(output.name for output in self.indicator.outputs)

    def compute(self, bars: Bars) -> dict[str, Column]:
        """Its lines by name, each as long as the bars.

        Raises:
            UsageError: a hole in a column that it reads.
        """
        inputs = columns_of(bars, self.indicator.columns)
        made: Any = self.indicator.formula(OVER_COLUMNS, *inputs, *self.values)
        columns = made if isinstance(made, tuple) else (made,)
        return dict(zip(self.lines, columns, strict=True))

    def live(self) -> Live:
        """The same, a bar at a time."""
        return Live(self.indicator.formula, self.indicator.columns, self.values)


def period(default: int, *, low: int = 2, high: int = 1_000, name: str = "period") -> Parameter:
    """A number of bars."""
    return Parameter(name, default, low, high)


def factor(name: str, default: float, *, low: float = 0.1, high: float = 10.0) -> Parameter:
    """A number of times."""
    return Parameter(name, default, low, high, fraction=True)


def _plain(value: float) -> str:
    return f"{value:d}" if isinstance(value, int) else f"{value:.12g}"
