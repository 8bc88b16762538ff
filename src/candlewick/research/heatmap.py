"""A figure over two parameters of a search, one cell for each pair of their values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from candlewick.core.errors import UsageError
from candlewick.research.space import Dimension, Space
from candlewick.research.trial import Trial

HOWS: Final = ("best", "mean", "worst", "median")
BINS: Final = 20
MOST: Final = 6
"""Of more pairs of parameters, those that explain most."""


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

    @property
    def summary(self) -> dict[str, Any]:
        """As JSON has it; None where nothing was tried or nothing is defined."""
        return {
            "x": self.x,
            "y": self.y,
            "figure": self.figure,
            "how": self.how,
            "xs": list(self.xs),
            "ys": list(self.ys),
            "values": [[None if np.isnan(cell) else float(cell) for cell in row] for row in self.values],
            "counts": self.counts.tolist(),
        }


def heatmap_of(trials: Sequence[Trial], space: Space, x: str, y: str, figure: str, how: str) -> Heatmap:
    """A figure over two parameters of a search.

    Args:
        figure: one that the search looked at.
        how: `best` shows, of all trials in a cell, the figure of the one with the best first objective;
            `worst` of the one with the worst; `mean` and `median` are of all.

    Raises:
        UsageError: a name is unknown, or both parameters are one.
    """
    dimensions = {each.name: each for each in space.dimensions}
    for name in (x, y):
        if name not in dimensions:
            raise UsageError(f"{name!r} was not searched. Searched were {', '.join(dimensions)}.")
    if x == y:
        raise UsageError(f"A heatmap of {x} over itself shows nothing: name two parameters.")
    known = trials[0].figures if trials else {}
    if figure not in known:
        looked = ", ".join(known) or "nothing"
        raise UsageError(
            f"The search did not look at {figure!r}: it looked at {looked}. Name it in figures=."
        )
    if how not in HOWS:
        raise UsageError(f"{how!r} is no way to show trials together: use one of {', '.join(HOWS)}.")
    xs, ys = _axis(dimensions[x]), _axis(dimensions[y])
    cells: dict[tuple[int, int], list[Trial]] = {}
    for trial in trials:
        if trial.figures[figure] is not None and trial.score is not None:
            cell = (_place(dimensions[y], trial, len(ys)), _place(dimensions[x], trial, len(xs)))
            cells.setdefault(cell, []).append(trial)
    values, counts = np.full((len(ys), len(xs)), np.nan), np.zeros((len(ys), len(xs)), np.int64)
    for cell, its in cells.items():
        counts[cell] = len(its)
        values[cell] = _shown(its, figure, how)
    return Heatmap(x, y, figure, how, xs, ys, values, counts)


def worth_a_look(space: Space, importance: Mapping[str, float | None]) -> Iterable[tuple[str, str]]:
    """The pairs of parameters to draw, in the order of the parameters: at most `MOST`."""
    pairs = list(combinations((each.name for each in space.dimensions if not each.is_single), 2))
    weight = {name: part or 0.0 for name, part in importance.items()}
    chosen = sorted(pairs, key=lambda pair: -(weight[pair[0]] + weight[pair[1]]))[:MOST]
    return (pair for pair in pairs if pair in chosen)


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
