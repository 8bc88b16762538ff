"""A figure over two parameters of a search, one cell for each pair of their values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from candlewick.core.errors import UsageError
from candlewick.research.space import Dimension

if TYPE_CHECKING:
    from candlewick.research.optimisation import Optimisation, Trial

HOWS: Final = ("best", "mean", "worst", "median")
BINS: Final = 20


@dataclass(frozen=True, slots=True, eq=False)
class Heatmap:
    """A figure over two parameters.

    Attributes:
        x, y: names of the parameters; `xs`, `ys`: their values, rising. Of a number without a step: the
            middles of twenty equal ranges.
        values: a row for each of `ys`, a column for each of `xs`; NaN where nothing was tried or nothing is
            defined.
        counts: how many trials each cell stands for.
        how: what a cell shows of trials that differ in other parameters.
    """

    x: str
    y: str
    figure: str
    how: str
    xs: tuple[Any, ...]
    ys: tuple[Any, ...]
    values: NDArray[np.float64]
    counts: NDArray[np.int64]


def heatmap_of(
    found: Optimisation, x: str, y: str, figure: str | None = None, *, how: str = "best"
) -> Heatmap:
    """A figure over two parameters of a search.

    Args:
        figure: one that the search looked at; None: its first objective.
        how: `best` shows, of all trials in a cell, the figure of the one with the best first objective;
            `worst` of the one with the worst; `mean` and `median` are of all.

    Raises:
        UsageError: a name is unknown, or both parameters are one.
    """
    dimensions = {each.name: each for each in found.space.dimensions}
    for name in (x, y):
        if name not in dimensions:
            raise UsageError(f"{name!r} was not searched. Searched were {', '.join(dimensions)}.")
    if x == y:
        raise UsageError(f"A heatmap of {x} over itself shows nothing: name two parameters.")
    name = figure or found.objectives[0]
    known = found.trials[0].figures if found.trials else {}
    if name not in known:
        looked = ", ".join(known) or "nothing"
        raise UsageError(f"The search did not look at {name!r}: it looked at {looked}. Name it in figures=.")
    if how not in HOWS:
        raise UsageError(f"{how!r} is no way to show trials together: use one of {', '.join(HOWS)}.")
    xs, ys = _axis(dimensions[x]), _axis(dimensions[y])
    cells: dict[tuple[int, int], list[Trial]] = {}
    for trial in found.trials:
        if trial.figures[name] is not None and trial.score is not None:
            cell = (_place(dimensions[y], trial, len(ys)), _place(dimensions[x], trial, len(xs)))
            cells.setdefault(cell, []).append(trial)
    values, counts = np.full((len(ys), len(xs)), np.nan), np.zeros((len(ys), len(xs)), np.int64)
    for cell, trials in cells.items():
        counts[cell] = len(trials)
        values[cell] = _shown(trials, name, how)
    return Heatmap(x, y, name, how, xs, ys, values, counts)


def _shown(trials: list[Trial], name: str, how: str) -> float:
    if how in ("best", "worst"):
        pick = max if how == "best" else min
        # feasible ones first, so that a cell does not shine by what may not be chosen
        one = pick(trials, key=lambda each: (each.is_feasible, each.score or 0.0, -each.number))
        return float(one.figures[name] or 0.0)
    figures = [float(each.figures[name] or 0.0) for each in trials]
    return float(np.mean(figures) if how == "mean" else np.median(figures))


def _axis(dimension: Dimension) -> tuple[Any, ...]:
    if dimension.values is not None:
        return dimension.values
    return tuple(dimension.at((n + 0.5) / BINS) for n in range(BINS))


def _place(dimension: Dimension, trial: Trial, count: int) -> int:
    return min(int(dimension.share(trial.parameters[dimension.name]) * count), count - 1)
