"""Parameters chosen on one stretch of time and judged on the next, as a study.

walk_forward.json     figures, windows, drift, trades of the stitched run
equity.npy, time.npy  the stitched run: worth at each bar's close, and when the bars opened (UTC seconds)
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from candlewick.research.search import Method
from candlewick.research.walk_forward import Choice, WalkForward, walk_forward
from candlewick.runtime.jobs.kinds import results
from candlewick.runtime.jobs.kinds.optimisation import Asked, ranges_of
from candlewick.runtime.jobs.kinds.request import Request, markets_of, read, strategy_of
from candlewick.runtime.jobs.kinds.telling import FIRST, teller
from candlewick.runtime.jobs.work import Outcome, Work

FILE: Final = "walk_forward.json"


class Walk(Request, kw_only=True, forbid_unknown_fields=True):
    """What is asked for; `parameters` are those that are not searched. The words are `walk_forward`'s."""

    train: str = "90d"
    test: str = "30d"
    anchored: bool = False
    objective: str | tuple[str, ...] = "sharpe"
    method: Method = "grid"
    trials: int = 200
    space: Asked = None
    constraints: tuple[str, ...] = ()
    seed: int = 0


def run(spec: dict[str, Any], work: Work) -> Outcome:
    """Walk forward, going on behind the windows that an earlier attempt had done."""
    request = read(spec, Walk)
    strategy = strategy_of(request, work)
    work.progress(0.0, "Reading the bars")
    markets = markets_of(request, work)
    work.require_going_on()
    work.progress(FIRST, "Walking forward")
    executor, workers = work.threads() if strategy.signals_only() else work.processes()
    found = walk_forward(
        strategy,
        markets,
        train=request.train,
        test=request.test,
        anchored=request.anchored,
        objective=request.objective,
        method=request.method,
        trials=request.trials,
        space=ranges_of(request.space, type(strategy).parameters()),
        constraints=request.constraints,
        seed=request.seed,
        executor=executor,
        workers=workers,
        progress=teller(work),
        done={int(number): msgspec.convert(piece, Choice) for number, piece in work.pieces.done.items()},
        on_piece=lambda number, choice: work.pieces.add(str(number), msgspec.to_builtins(choice)),
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
