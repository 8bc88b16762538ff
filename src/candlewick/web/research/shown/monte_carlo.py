"""A Monte Carlo's page: the verdict, bands of what might have been, how often which figure came out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from candlewick.backtest.registry import METRICS
from candlewick.backtest.report.figures import written
from candlewick.store.models import Job
from candlewick.web.research import results
from candlewick.web.research.shown.words import chance_of, is_part, part_of
from candlewick.web.scripts import script_json

LABELS: Final = {"lowest": "Lowest worth, by the first"}
SURE: Final = 0.05
_ALIKE: Final = 1e-9


def of(job: Job) -> dict[str, Any]:
    """Context of `research/_monte_carlo.html`. Raises StoreDamaged where its files are gone."""
    found = results.whole(job)
    is_sure = found["p_value"] is not None and found["p_value"] <= SURE
    return {
        "result_template": "research/_monte_carlo.html",
        "found": found,
        "is_sure": is_sure,
        "head": _head(found),
        "levels": [f"{level:g} %" for level in found["levels"]],
        "rows": [_row(name, found) for name in found["quantiles"]],
        "histograms": [
            {"name": name, "label": _label(name)}
            for name, each in found["histograms"].items()
            if each and _differs(each)
        ],
        "drawn_json": script_json({"paths": _paths(found), "histograms": _histograms(found)}),
    }


def _head(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"label": "p-value", "text": chance_of(found["p_value"]),
         "note": "how often luck alone does as well"},
        {"label": "Chance of ruin", "text": part_of(found["ruin"]),
         "tone": "down" if found["ruin"] > SURE else "",
         "note": f"{part_of(found['ruin_at'])} of the beginning lost at some time"},
        {"label": "Ended with a loss", "text": part_of(found["loss"]), "note": f"of {found['runs']:,} runs"},
    ]  # fmt: skip


def _row(name: str, found: Mapping[str, Any]) -> dict[str, Any]:
    quantiles = found["quantiles"][name] or [None] * len(found["levels"])
    return {
        "label": _label(name),
        "actual": _text(name, found["actual"].get(name)),
        "quantiles": [_text(name, each) for each in quantiles],
    }


def _paths(found: Mapping[str, Any]) -> dict[str, Any]:
    times = found["times"]
    return {
        "at": found["steps"] if times is None else times,
        "isTime": times is not None,
        "bands": found["bands"],
        "levels": found["levels"],
        "unit": "worth, by the first",
        "x": "" if times is not None else "trades",
    }


def _histograms(found: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: {
            "bins": each,
            "actual": found["actual"].get(name),
            "isPart": is_part(name),
        }
        for name, each in found["histograms"].items()
        if each and _differs(each)
    }


def _differs(histogram: Mapping[str, Any]) -> bool:
    """Whether the runs differ in a figure at all: trades in another order return the same."""
    low, high = histogram["edges"][0], histogram["edges"][-1]
    return bool(high - low > _ALIKE * max(abs(low), abs(high)))


def _label(name: str) -> str:
    return LABELS.get(name) or METRICS[name].label


def _text(name: str, value: float | None) -> str:
    if name in METRICS:
        return written(name, value).text
    return "—" if value is None else f"{value:.2f}"
