"""A search of a strategy's parameters as a study.

optimisation.json  the search: trials, the best, the Pareto front, heatmaps, stability
best/              the best trial's backtest, as the files of `results`
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from candlewick.core.errors import UsageError
from candlewick.research.optimisation import Optimisation
from candlewick.research.search import SHOWN, Method, optimise
from candlewick.research.trial import Row
from candlewick.runtime.jobs.kinds import results
from candlewick.runtime.jobs.kinds.request import Request, markets_of, read, strategy_of
from candlewick.runtime.jobs.work import Outcome, Work
from candlewick.trading.strategy.param import Param

FILE: Final = "optimisation.json"
BEST: Final = "best"
_FIRST: Final = 0.05
_LAST: Final = 0.95


class Range(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The values of a number: from `low` to `high` by `step`; without one, any between (whole ones: by 1)."""

    low: float
    high: float
    step: float | None = None


Asked = dict[str, Range | list[Any]] | None
"""What a request says of the parameters that are searched, by name; None: all that have a range."""


class Search(Request, kw_only=True, forbid_unknown_fields=True):
    """What is asked for; `parameters` are those that are not searched. The words are those of `optimise`."""

    objective: str | tuple[str, ...] = "sharpe"
    method: Method = "grid"
    trials: int = 200
    space: Asked = None
    constraints: tuple[str, ...] = ()
    seed: int = 0
    figures: tuple[str, ...] = (*SHOWN, "max_drawdown")


def run(spec: dict[str, Any], work: Work) -> Outcome:
    """Search, going on from what an earlier attempt had done."""
    request = read(spec, Search)
    strategy = strategy_of(request, work)
    work.progress(0.0, "Reading the bars")
    markets = markets_of(request, work)
    work.require_going_on()
    executor, workers = work.threads() if strategy.signals_only() else work.processes()
    found = optimise(
        strategy,
        markets,
        objective=request.objective,
        method=request.method,
        trials=request.trials,
        space=ranges_of(request.space, type(strategy).parameters()),
        constraints=request.constraints,
        seed=request.seed,
        figures=request.figures,
        executor=executor,
        workers=workers,
        folder=work.folder,
        progress=lambda share, step: work.progress(_FIRST + (_LAST - _FIRST) * share, step),
        cancelled=work.cancelled,
        done=[row for piece in work.pieces.done.values() for row in msgspec.convert(piece, list[Row])],
        on_piece=lambda rows: work.pieces.add(str(len(work.pieces)), msgspec.to_builtins(rows)),
        **request.terms,
    )
    work.require_going_on()
    work.progress(_LAST, "Looking around the best")
    return Outcome(_keep(work, found), FILE)


def ranges_of(space: Asked, known: dict[str, Param[Any]]) -> dict[str, Any] | None:
    """What is searched, as `optimise` takes it.

    Raises:
        UsageError: a whole number is searched between others.
    """
    if space is None:
        return None
    ranges: dict[str, Any] = {}
    for name, given in space.items():
        if isinstance(given, list):
            ranges[name] = given
            continue
        whole = name in known and known[name].kind is int
        low, high = (int(given.low), int(given.high)) if whole else (given.low, given.high)
        if whole and (low, high) != (given.low, given.high):
            raise UsageError(f"{name} is searched from {given.low} to {given.high}: give whole numbers.")
        ranges[name] = Param(low, low=low, high=high, step=given.step)
    return ranges


def _keep(work: Work, found: Optimisation) -> dict[str, Any]:
    """Write what was found, and give its headline figures."""
    summary = found.summary
    results.write_json(work.folder / FILE, summary)
    told: dict[str, Any] = {"trials": summary["count"], "feasible": summary["feasible"]}
    best = summary["best"]
    if best is None:
        return told | {"why_none": summary["why_none"]}
    folder = work.folder / BEST
    folder.mkdir(exist_ok=True)
    return {
        **results.keep(folder, found.result),
        **best["figures"],
        **told,
        "parameters": best["parameters"],
        "deflated_sharpe": summary["deflated_sharpe"],
        "stability": summary["stability"]["mean"],
    }
