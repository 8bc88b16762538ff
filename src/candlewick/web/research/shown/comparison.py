"""A comparison's page: the ranking, and which differences are more than chance."""

from __future__ import annotations

from typing import Any, Final

from candlewick.backtest.registry import METRICS
from candlewick.backtest.report.figures import written
from candlewick.store.models import Job
from candlewick.web.components import figures as text
from candlewick.web.research import results
from candlewick.web.research.shown.words import chance_of

PAIRS: Final = 100


def of(job: Job) -> dict[str, Any]:
    """Context of `research/_comparison.html`. Raises StoreDamaged where its files are gone."""
    found = results.whole(job)
    names = [name for name in found["ranking"][0]["figures"] if name in METRICS]
    return {
        "result_template": "research/_comparison.html",
        "found": found,
        "by": METRICS[found["by"]].label if found["by"] in METRICS else found["by"],
        "start": found["start"][:10],
        "end": found["end"][:10],
        "labels": [METRICS[name].label for name in names],
        "ranking": [
            {
                "rank": each["rank"],
                "name": each["name"],
                "figures": [written(name, each["figures"].get(name)) for name in names],
            }
            for each in found["ranking"]
        ],
        "pairs": [
            {
                "better": each["better"],
                "worse": each["worse"],
                "correlation": text.fixed(each["correlation"], 2),
                "sharpe": chance_of(each["sharpe_holm"]),
                "mean": chance_of(each["mean_holm"]),
                "is_sure": each["is_sure"],
            }
            for each in found["pairs"][:PAIRS]
        ],
    }
