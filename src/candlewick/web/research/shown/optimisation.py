"""A search's page: the best set and whether to believe it, heatmaps, the Pareto front, the trials."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from candlewick.backtest.registry import METRICS
from candlewick.backtest.report.figures import Written, written
from candlewick.store.models import Job
from candlewick.web.components import figures as text
from candlewick.web.research import results
from candlewick.web.research.shown import backtest
from candlewick.web.research.shown.words import is_part, label_of, part_of, value_of
from candlewick.web.scripts import script_json

ROWS: Final = 100
CLOUD: Final = 5_000


def of(job: Job) -> dict[str, Any]:
    """Context of `research/_optimisation.html`. Raises StoreDamaged where its files are gone."""
    found = results.whole(job)
    objectives = [each["name"] for each in found["objectives"]]
    context = {
        "result_template": "research/_optimisation.html",
        "found": found,
        "objectives": [label_of(each) for each in objectives],
        "head": _head(found),
        "importance": _importance(found),
        "heatmaps": [{"x": each["x"], "y": each["y"]} for each in found["heatmaps"]],
        "drawn_json": script_json({"heatmaps": _heatmaps(found), "front": _front(found, objectives)}),
        "has_front": len(objectives) == 2,
        "names": list(found["space"]),
        "labels": [label_of(each) for each in _shown(found)],
        "trials": _trials(found),
        "left_off": max(found["count"] - ROWS, 0),
    }
    if found["best"] is None:
        return context
    cash = float(job.spec.get("cash", 0))
    return context | backtest.report(results.folder(job) / results.BEST, cash)


def _head(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the search came to, and whether to believe it."""
    told = [
        {"label": "Sets tried", "text": f"{found['count']:,}", "note": f"{found['feasible']:,} may be chosen"}
    ]
    if found["best"] is None:
        return told
    for name in (each["name"] for each in found["objectives"]):
        figure = _written(name, found["best"]["figures"].get(name))
        told.append({"label": f"Best {label_of(name)}", "text": figure.text, "tone": figure.tone})
    told.append(
        {
            "label": "Deflated Sharpe",
            "text": written("deflated_sharpe", found["deflated_sharpe"]).text,
            "note": "how likely it is more than the luck of so many tries",
        }
    )
    stability = found["stability"] or {}
    told.append(
        {
            "label": "What neighbours keep",
            "text": part_of(stability.get("mean")),
            "note": f"of the best objective; the worst keeps {part_of(stability.get('worst'))}",
        }
    )
    return told


def _importance(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """By parameter: how much of the objective's variance it explains, and what its neighbours keep."""
    by_parameter = (found["stability"] or {}).get("by_parameter", {})
    best = (found["best"] or {}).get("parameters", {})
    return [
        {
            "name": name,
            "best": value_of(best.get(name)),
            "range": _range(told),
            "explains": part_of(found["importance"].get(name)),
            "keeps": part_of(by_parameter.get(name)),
        }
        for name, told in found["space"].items()
    ]


def _trials(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The best trials by the first objective, then those that may not be chosen."""
    first = found["objectives"][0]
    sign = -1 if first["better"] == "higher" else 1
    front = set(found["front"]) if len(found["objectives"]) > 1 else set()

    def place(trial: Mapping[str, Any]) -> tuple[bool, float, int]:
        value = trial["figures"].get(first["name"])
        return (bool(trial["reason"]) or value is None, sign * (value or 0.0), trial["number"])

    return [
        {
            "number": each["number"],
            "values": [value_of(each["parameters"][name]) for name in found["space"]],
            "figures": [_written(name, each["figures"].get(name)) for name in _shown(found)],
            "reason": each["reason"],
            "on_front": each["number"] in front,
        }
        for each in sorted(found["trials"], key=place)[:ROWS]
    ]


def _shown(found: Mapping[str, Any]) -> list[str]:
    """Figures that stand in the table: those looked for, then the others that were told."""
    told: Iterable[str] = found["trials"][0]["figures"] if found["trials"] else ()
    return list(dict.fromkeys([*(each["name"] for each in found["objectives"]), *told]))


def _heatmaps(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    best = (found["best"] or {}).get("parameters", {})
    return [
        {
            "x": each["x"],
            "y": each["y"],
            "title": label_of(each["figure"]),
            "xs": [value_of(value) for value in each["xs"]],
            "ys": [value_of(value) for value in each["ys"]],
            "values": each["values"],
            **_ends(each["figure"], [value for row in each["values"] for value in row if value is not None]),
            "best": [value_of(best.get(each["x"])), value_of(best.get(each["y"]))] if best else None,
        }
        for each in found["heatmaps"]
    ]


def _front(found: Mapping[str, Any], objectives: list[str]) -> dict[str, Any] | None:
    """Two objectives of the trials as points, those on the front apart."""
    if len(objectives) != 2:
        return None
    one, other = objectives
    front = set(found["front"])
    points: dict[str, list[Any]] = {"front": [], "others": []}
    for each in found["trials"][:CLOUD]:
        x, y = each["figures"].get(one), each["figures"].get(other)
        if x is None or y is None or each["reason"]:
            continue
        said = ", ".join(f"{name} {value_of(value)}" for name, value in each["parameters"].items())
        points["front" if each["number"] in front else "others"].append([x, y, said])
    return {
        "x": label_of(one),
        "xIsPart": is_part(one),
        "y": label_of(other),
        "yIsPart": is_part(other),
        **points,
    }


def _ends(name: str, known: list[float]) -> dict[str, Any]:
    """The lowest and highest of a figure's values, as the table has them."""
    low, high = (_written(name, pick(known, default=None)).text for pick in (min, max))
    return {"isPart": is_part(name), "low": low, "high": high}


def _written(name: str, value: float | None) -> Written:
    plain = name.lstrip("+-")
    if plain in METRICS:
        return written(plain, value)
    return Written(name, name, text.fixed(value, 4), "", "")


def _range(told: Mapping[str, Any]) -> str:
    values = told.get("values")
    if values is None:
        return f"{value_of(told['low'])} to {value_of(told['high'])}"
    if len(values) <= 4:
        return ", ".join(map(value_of, values))
    return f"{value_of(values[0])} to {value_of(values[-1])}, {len(values)} values"
