"""Several strategies, or one with several sets of parameters, beside each other, as a study.

compare.json  ranking, pairs with their significance, correlation
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from candlewick.backtest.run import backtest
from candlewick.core.errors import UsageError
from candlewick.research.comparing import compare
from candlewick.runtime.jobs import sources
from candlewick.runtime.jobs.kinds import results
from candlewick.runtime.jobs.kinds.request import Request, markets_of, read, strategy_of
from candlewick.runtime.jobs.kinds.telling import teller
from candlewick.runtime.jobs.work import Outcome, Work

FILE: Final = "compare.json"


class Contender(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A strategy of the study's source (or `module:Class` where it has none), and its parameters."""

    strategy: str
    parameters: dict[str, Any] = {}


class Asked(Request, kw_only=True, forbid_unknown_fields=True):
    """What is asked for: the strategy itself, and `others` on the same markets, time and costs."""

    others: list[Contender]
    by: str = "sharpe"
    runs: int = 1_000
    seed: int = 0


def run(spec: dict[str, Any], work: Work) -> Outcome:
    """Run each of them, and rank them."""
    request = read(spec, Asked)
    if not request.others:
        raise UsageError("There is nothing to compare with: name at least one in `others`.")
    others = [
        sources.strategy(other.strategy, work.source_path)(**other.parameters) for other in request.others
    ]
    markets = markets_of(request, work)
    found = []
    for strategy in (strategy_of(request, work), *others):
        work.require_going_on()
        work.begin(f"Running {type(strategy).__name__}")
        found.append(backtest(strategy, markets, **request.terms))
    comparison = compare(found, by=request.by, runs=request.runs, seed=request.seed, progress=teller(work))
    results.write_json(work.folder / FILE, comparison.summary)
    first = comparison.ranking[0]
    return Outcome(
        {"best": first.name, **first.figures, "compared": len(found), "verdict": comparison.verdict}, FILE
    )
