"""Parameters chosen on one stretch of time and judged on the next, as a study.

walk_forward.json     figures, windows, drift, trades of the stitched run
equity.npy, time.npy  the stitched run: worth at each bar's close, and when the bars opened (UTC seconds)
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from candlewick.research.walk_forward import WalkForward, walk_forward
from candlewick.runtime.jobs.kinds import results
from candlewick.runtime.jobs.kinds.request import markets_of, read, strategy_of
from candlewick.runtime.jobs.kinds.searching import Choosing, choices, keep_choice, runners
from candlewick.runtime.jobs.kinds.telling import teller
from candlewick.runtime.jobs.work import Outcome, Work

FILE: Final = "walk_forward.json"


class Asked(Choosing, kw_only=True, forbid_unknown_fields=True):
    """What is asked for. The words are those of `walk_forward`."""

    train: str = "90d"
    test: str = "30d"
    anchored: bool = False


def run(spec: dict[str, Any], work: Work) -> Outcome:
    """Walk forward, going on behind the windows that an earlier attempt had done."""
    request = read(spec, Asked)
    strategy = strategy_of(request, work)
    markets = markets_of(request, work)
    work.begin("Walking forward")
    found = walk_forward(
        strategy,
        markets,
        train=request.train,
        test=request.test,
        anchored=request.anchored,
        objective=request.objective,
        method=request.method,
        trials=request.trials,
        space=request.ranges(type(strategy)),
        constraints=request.constraints,
        seed=request.seed,
        progress=teller(work),
        done=choices(work),
        on_piece=partial(keep_choice, work),
        **runners(type(strategy), work),
        **request.terms,
    )
    return Outcome(_keep(work, found), FILE)


def _keep(work: Work, found: WalkForward) -> dict[str, Any]:
    """Write what was found, and give its headline figures."""
    summary = found.summary
    trades = [results.described(trade) for trade in found.trades[-results.TRADES :]]
    results.write_json(
        work.folder / FILE,
        summary | {"cash": found.cash, "trade_count": len(found.trades), "trades": trades},
    )
    results.write_array(work.folder / "equity.npy", found.equity)
    results.write_array(work.folder / "time.npy", found.time)
    figures = summary["metrics"]
    return {name: figures[name] for name in results.HEADLINE} | {
        "windows": len(found.steps),
        "efficiency": found.efficiency,
        "sharpe_retention": found.sharpe_retention,
        "profitable": found.profitable,
    }
