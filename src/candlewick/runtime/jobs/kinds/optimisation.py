"""A search of a strategy's parameters as a study.

optimisation.json  the search: trials, the best, the Pareto front, heatmaps, stability
best/              the best trial's backtest, as the files of `results`
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from candlewick.research.optimisation import Optimisation
from candlewick.research.search import SHOWN, optimise
from candlewick.research.trial import Row
from candlewick.runtime.jobs.kinds import results
from candlewick.runtime.jobs.kinds.request import markets_of, read, strategy_of
from candlewick.runtime.jobs.kinds.searching import Choosing, runners
from candlewick.runtime.jobs.kinds.telling import teller
from candlewick.runtime.jobs.work import Outcome, Work

FILE: Final = "optimisation.json"
BEST: Final = "best"


class Asked(Choosing, kw_only=True, forbid_unknown_fields=True):
    """What is asked for. The words are those of `optimise`."""

    figures: tuple[str, ...] = (*SHOWN, "max_drawdown")


def run(spec: dict[str, Any], work: Work) -> Outcome:
    """Search, going on from what an earlier attempt had done."""
    request = read(spec, Asked)
    strategy = strategy_of(request, work)
    markets = markets_of(request, work)
    found = optimise(
        strategy,
        markets,
        objective=request.objective,
        method=request.method,
        trials=request.trials,
        space=request.ranges(type(strategy)),
        constraints=request.constraints,
        seed=request.seed,
        figures=request.figures,
        progress=teller(work),
        done=[row for piece in work.pieces.done.values() for row in msgspec.convert(piece, list[Row])],
        on_piece=lambda rows: work.pieces.add(str(len(work.pieces)), msgspec.to_builtins(rows)),
        **runners(type(strategy), work),
        **request.terms,
    )
    work.begin("Looking around the best")
    return Outcome(_keep(work, found), FILE)


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
