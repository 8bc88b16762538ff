"""A search as JSON has it: for pages, programs and the command line."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from candlewick.research.heatmap import Heatmap
    from candlewick.research.optimisation import Optimisation, Trial
    from candlewick.research.space import Dimension

HEATMAPS: Final = 6
"""Of more pairs of parameters, those that explain most."""


def summary_of(found: Optimisation) -> dict[str, Any]:
    """All of a search; None is undefined. Runs the best again, and neighbours that were not tried."""
    best = found.best if found.feasible else None
    return {
        "strategy": type(found.base).__name__,
        "parameters": found.base.values,
        "method": found.method,
        "seed": found.seed,
        "is_complete": found.is_complete,
        "objectives": [
            {"name": each.name, "better": "higher" if each.sign > 0 else "lower"}
            for each in found.judge.objectives
        ],
        "constraints": [each.text for each in found.judge.constraints],
        "space": {each.name: _range(each) for each in found.space.dimensions},
        "count": len(found),
        "feasible": len(found.feasible),
        "best": None if best is None else _told(best),
        "why_none": None if best is not None else found.why_none,
        "front": [each.number for each in found.front],
        "deflated_sharpe": None if best is None else found.result.metrics["deflated_sharpe"],
        "probabilistic_sharpe": None if best is None else found.result.metrics["probabilistic_sharpe"],
        "importance": found.importance,
        "stability": None if best is None else _stability(found),
        "heatmaps": [_heatmap(found.heatmap(x, y)) for x, y in _pairs(found)],
        "trials": [_told(each) for each in found.trials],
    }


def _told(trial: Trial) -> dict[str, Any]:
    return {
        "number": trial.number,
        "parameters": trial.parameters,
        "figures": dict(trial.figures),
        "reason": trial.reason or None,
    }


def _range(dimension: Dimension) -> dict[str, Any]:
    if dimension.values is None:
        return {"low": dimension.low, "high": dimension.high}
    return {"values": list(dimension.values)}


def _stability(found: Optimisation) -> dict[str, Any]:
    stability = found.stability
    return {
        "mean": stability.mean_ratio,
        "worst": stability.worst_ratio,
        "by_parameter": stability.by_parameter,
        "neighbours": len(stability.neighbours),
        "undefined": stability.undefined,
    }


def _pairs(found: Optimisation) -> list[tuple[str, str]]:
    """The pairs of parameters worth a look, in the order of the parameters."""
    pairs = list(combinations((each.name for each in found.space.dimensions if not each.is_single), 2))
    weight = {name: part or 0.0 for name, part in found.importance.items()}
    chosen = sorted(pairs, key=lambda pair: -(weight[pair[0]] + weight[pair[1]]))[:HEATMAPS]
    return [pair for pair in pairs if pair in chosen]


def _heatmap(heatmap: Heatmap) -> dict[str, Any]:
    return {
        "x": heatmap.x,
        "y": heatmap.y,
        "figure": heatmap.figure,
        "how": heatmap.how,
        "xs": list(heatmap.xs),
        "ys": list(heatmap.ys),
        "values": [[None if np.isnan(cell) else float(cell) for cell in row] for row in heatmap.values],
        "counts": heatmap.counts.tolist(),
    }
