"""Several backtests side by side: their figures, the best of each row, and a rank by one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from candlewick.backtest.registry import METRICS, Metric
from candlewick.backtest.report.figures import Written, written
from candlewick.store.models import Job

BY: Final = "sharpe"
OF_ITS_OWN: Final = ("strategy", "parameters")  # of a request; the rest is what it ran on
FIGURES: Final = (
    "total_return", "cagr", "volatility", "sharpe", "sortino", "calmar", "max_drawdown",
    "probabilistic_sharpe", "trades", "win_rate", "profit_factor", "expectancy", "exposure", "fees",
    "funding",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure of one study; `is_best`: no other is better."""

    figure: Written
    is_best: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A figure of all of them."""

    name: str
    label: str
    formula: str
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class Column:
    """A study: its place by the figure that ranks (None: it has none)."""

    job: Job
    rank: int | None


def ranked(found: Sequence[tuple[Job, dict[str, Any]]], by: str) -> list[tuple[Column, dict[str, Any]]]:
    """Studies with their figures, the best by `by` first; those without it stand last, without a rank."""
    metric = METRICS[by]
    known = [each for each in found if each[1].get(by) is not None]
    known.sort(key=lambda each: each[1][by], reverse=metric.better != "lower")
    unknown = [each for each in found if each[1].get(by) is None]
    places = [(Column(job, place), figures) for place, (job, figures) in enumerate(known, 1)]
    return places + [(Column(job, None), figures) for job, figures in unknown]


def are_alike(jobs: Sequence[Job]) -> bool:
    """Whether backtests ran on the same bars at the same costs, so that one study can compare them."""
    return len(jobs) > 1 and all(_ground(job) == _ground(jobs[0]) for job in jobs)


def contender(job: Job) -> dict[str, Any]:
    """A backtest as one that another is compared with."""
    return {"strategy": job.spec["strategy"], "parameters": job.spec.get("parameters", {})}


def _ground(job: Job) -> dict[str, Any]:
    return {name: value for name, value in job.spec.items() if name not in OF_ITS_OWN}


def lines(columns: Sequence[dict[str, Any]]) -> list[Line]:
    """The figures of studies, row by row."""
    return [
        Line(name, METRICS[name].label, METRICS[name].formula, _cells(METRICS[name], columns))
        for name in FIGURES
        if any(name in figures for figures in columns)
    ]


def _cells(metric: Metric, columns: Sequence[dict[str, Any]]) -> list[Cell]:
    values = [figures.get(metric.name) for figures in columns]
    known = [value for value in values if value is not None]
    best = None
    if len(known) > 1 and metric.better != "neither" and min(known) != max(known):
        best = max(known) if metric.better == "higher" else min(known)
    return [Cell(written(metric.name, value), best is not None and value == best) for value in values]
