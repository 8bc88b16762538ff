"""A cross-validation's page: the paths, and every choice with what it came to where it was judged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from candlewick.backtest.report.figures import written
from candlewick.store.models import Job
from candlewick.web.components import figures as text
from candlewick.web.research import results
from candlewick.web.research.shown.words import part_of, value_of

COLUMNS: Final = {"path_returns": "total_return", "path_sharpes": "sharpe", "path_drawdowns": "max_drawdown"}
CHOICES: Final = 200


def of(job: Job) -> dict[str, Any]:
    """Context of `research/_cross_validation.html`. Raises StoreDamaged where its files are gone."""
    found = results.whole(job)
    names = list(found["best"] or {})
    return {
        "result_template": "research/_cross_validation.html",
        "found": found,
        "head": _head(found),
        "best": ", ".join(f"{name} {value_of(value)}" for name, value in (found["best"] or {}).items()),
        "labels": [written(name, None).label for name in COLUMNS.values()],
        "paths": [
            [written(name, figure) for name, figure in zip(COLUMNS.values(), row, strict=True)]
            for row in zip(*(found[column] for column in COLUMNS), strict=True)
        ],
        "names": names,
        "choices": [_choice(each, names) for each in found["choices"][:CHOICES]],
        "left_out": max(len(found["choices"]) - CHOICES, 0),
    }


def _head(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"label": "Mean Sharpe of the paths", "text": text.fixed(found["mean_path_sharpe"], 2),
         "note": f"of {found['paths']}"},
        {"label": "Paths that lost", "text": part_of(found["losing_paths"])},
        {"label": "Sharpe kept", "text": part_of(found["retention"]), "note": "of the trainings' mean"},
        {"label": "Overfitting", "text": part_of(found["pbo"]), "note": "probability (PBO)"},
        {"label": "Sets", "text": f"{found['sets']:,}",
         "note": f"worth {text.fixed(found['independent'], 1)} independent ones"},
        {"label": "Left out", "text": f"{found['purged']} + {found['embargoed']}",
         "note": "periods: purge and embargo"},
    ]  # fmt: skip


def _choice(told: Mapping[str, Any], names: list[str]) -> dict[str, Any]:
    values = told["parameters"] or {}
    return {
        "tested": ", ".join(str(group + 1) for group in told["tested"]),
        "values": [value_of(values.get(name)) for name in names],
        "inside": written("sharpe", told["in_sample"]),
        "outside": written("sharpe", told["out_of_sample"]),
    }
