"""A readiness check's page: the verdict, and each reason with its figure and its threshold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from candlewick.backtest.report.figures import with_minus
from candlewick.research.thresholds import THRESHOLDS
from candlewick.store.models import Job
from candlewick.web.components import figures as text
from candlewick.web.research import results
from candlewick.web.research.shown.words import part_of, value_of

TONES: Final = {"live": "ok", "paper": "warn", "nothing": "error"}
WORDS: Final = {"live": "Ready for live", "paper": "Ready for paper", "nothing": "Not ready"}


def of(job: Job) -> dict[str, Any]:
    """Context of `research/_readiness.html`. Raises StoreDamaged where its files are gone."""
    found = results.whole(job)
    return {
        "result_template": "research/_readiness.html",
        "found": found,
        "tone": TONES[found["ready_for"]],
        "word": WORDS[found["ready_for"]],
        "values": ", ".join(f"{name} {value_of(value)}" for name, value in found["parameters"].items()),
        "checks": [_check(each) for each in found["checks"]],
        "passed": sum(each["passed"] for each in found["checks"]),
        "behind": _behind(found),
    }


def _check(told: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "label": told["label"],
        "figure": _written(told["name"], told["figure"]),
        "levels": [
            _level("Paper", told, told["paper_threshold"], told["passed_for_paper"]),
            _level("Live", told, told["threshold"], told["passed"]),
        ],
        "sentence": told["sentence"],
    }


def _level(name: str, told: Mapping[str, Any], threshold: float | None, passed: bool) -> dict[str, Any]:
    """What a level wants of a figure, and whether that is so; empty: nothing."""
    wants = "" if threshold is None else f"{told['wants']} {_written(told['name'], threshold)}"
    return {"name": name, "passed": passed, "wants": wants}


def _behind(found: Mapping[str, Any]) -> list[dict[str, str]]:
    """The studies that the verdict stands on, in a line each."""
    told = []
    if walk := found["walk_forward"]:
        told.append(
            {
                "title": "Walk-forward",
                "text": f"{len(walk['windows'])} windows, {part_of(walk['profitable'])} of which gained; "
                f"efficiency {text.fixed(walk['efficiency'], 2)}",
            }
        )
    if draws := found["monte_carlo"]:
        told.append({"title": "Monte Carlo", "text": draws["verdict"]})
    if future := found["lookahead"]:
        told.append({"title": "Lookahead", "text": " ".join(future)})
    return told


def _written(name: str, value: float | None) -> str:
    if value is None:
        return text.UNKNOWN
    known = THRESHOLDS.get(name)
    return known.written(value) if known else with_minus(f"{value:,.4g}")
