"""A walk forward's page: the stitched run, its windows, and how the parameters wandered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from candlewick.backtest.report.figures import written
from candlewick.store.models import Job
from candlewick.web.components import figures as text
from candlewick.web.research import results
from candlewick.web.research.shown.words import head_of, part_of, value_of
from candlewick.web.scripts import script_json

HEAD: Final = ("total_return", "sharpe", "max_drawdown", "trades")
COLUMNS: Final = ("total_return", "sharpe", "max_drawdown", "trades")
LEAST_RETENTION: Final = 0.5  # Pardo 2008: below it the parameters were fitted, not found


def of(job: Job) -> dict[str, Any]:
    """Context of `research/_walk_forward.html`. Raises StoreDamaged where its files are gone."""
    found = results.whole(job)
    curves = results.curves(results.folder(job), float(found["cash"]))
    return {
        "result_template": "research/_walk_forward.html",
        "found": found,
        "head": _head(found),
        "curves_json": script_json(curves) if curves else "",
        "names": list(found["drift"]),
        "labels": [written(name, None).label for name in COLUMNS],
        "windows": [_window(each, list(found["drift"])) for each in found["windows"]],
        "drift": [
            {
                "name": name,
                "values": ", ".join(value_of(value) for value in each["values"]),
                "changed": part_of(each["changed"]),
                "spread": part_of(each["spread"]),
            }
            for name, each in found["drift"].items()
        ],
    }


def _head(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    efficiency, retention = found["efficiency"], found["sharpe_retention"]
    return [
        *head_of(found["metrics"], HEAD),
        {"label": "Efficiency", "text": text.fixed(efficiency, 2), "note": "yearly return out by in sample",
         "tone": "down" if efficiency is not None and efficiency < LEAST_RETENTION else ""},
        {"label": "Sharpe kept", "text": part_of(retention), "note": "of the trainings' mean"},
        {"label": "Windows that gained", "text": part_of(found["profitable"]),
         "note": f"of {len(found['windows'])}"},
    ]  # fmt: skip


def _window(told: Mapping[str, Any], names: list[str]) -> dict[str, Any]:
    values = told["parameters"] or {}
    return {
        "number": told["number"] + 1,
        "train": told["train_start"][:10],
        "test": told["test_start"][:10],
        "end": told["test_end"][:10],
        "values": [value_of(values.get(name)) for name in names],
        "inside": [written(name, told["in_sample"].get(name)) for name in COLUMNS[:2]],
        "outside": [written(name, told["out_of_sample"].get(name)) for name in COLUMNS],
        "reason": told["reason"],
    }
