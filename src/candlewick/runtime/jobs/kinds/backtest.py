"""A backtest as a study."""

from __future__ import annotations

from typing import Any

from candlewick.backtest.run import backtest
from candlewick.runtime.jobs.kinds import results
from candlewick.runtime.jobs.kinds.request import Request, markets_of, read, strategy_of
from candlewick.runtime.jobs.work import Outcome, Work


def run(spec: dict[str, Any], work: Work) -> Outcome:
    """Run a strategy over the bars that were asked for, and keep what it found."""
    request = read(spec, Request)
    strategy = strategy_of(request, work)
    markets = markets_of(request, work)
    work.begin(f"Running over {sum(len(market.bars) for market in markets):,} bars")
    result = backtest(strategy, markets, **request.terms)
    work.require_going_on()
    work.begin("Working out the figures")
    return Outcome(results.keep(work.folder, result), results.FILE)
