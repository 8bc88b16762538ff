"""A stress test's page: the table of crises that were and of things made worse, beside the run as it was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from candlewick.backtest.report.figures import Written, written
from candlewick.store.models import Job
from candlewick.web.research import results
from candlewick.web.research.shown.words import head_of

HEAD: Final = ("total_return", "sharpe", "max_drawdown", "trades")
SCENARIOS: Final = ("total_return", "sharpe", "max_drawdown", "trades", "win_rate", "profit_factor", "fees")
CRISES: Final = ("total_return", "benchmark_return", "max_drawdown", "trades", "exposure")


def of(job: Job) -> dict[str, Any]:
    """Context of `research/_stress.html`. Raises StoreDamaged where its files are gone."""
    found = results.whole(job)
    rows = found["rows"]
    base = next((each for each in rows if each["kind"] == "base"), None)
    return {
        "result_template": "research/_stress.html",
        "found": found,
        "head": head_of((base or {}).get("figures") or {}, HEAD),
        "tables": [
            _table("Made worse", "scenarios", SCENARIOS, [base, *_of(rows, "scenario")], found["worst"]),
            _table("Crises that were", "crises", CRISES, _of(rows, "crisis"), None),
        ],
    }


def _of(rows: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [each for each in rows if each["kind"] == kind]


def _table(
    title: str, id: str, names: tuple[str, ...], rows: Sequence[dict[str, Any] | None], worst: str | None
) -> dict[str, Any]:
    return {
        "title": title,
        "id": id,
        "labels": [written(name, None).label for name in names],
        "span": len(names),
        "rows": [
            {
                "name": each["name"],
                "changed": each["changed"],
                "figures": _figures(each, names),
                "reason": each["reason"],
                "source": each["source"],
                "is_base": each["kind"] == "base",
                "is_worst": each["name"] == worst,
            }
            for each in rows
            if each is not None
        ],
    }


def _figures(row: dict[str, Any], names: tuple[str, ...]) -> list[Written]:
    figures = row["figures"]
    return [] if figures is None else [written(name, figures.get(name)) for name in names]
