"""A strategy under stress, as a study.

stress.json  the table: the run as it was, crises, scenarios
"""

from __future__ import annotations

from typing import Any, Final

from candlewick.backtest.run import backtest
from candlewick.research.stress import stress_of
from candlewick.runtime.jobs.kinds import results
from candlewick.runtime.jobs.kinds.request import Request, markets_of, read, strategy_of
from candlewick.runtime.jobs.kinds.telling import teller
from candlewick.runtime.jobs.work import Outcome, Work

FILE: Final = "stress.json"
HEADLINE: Final = ("total_return", "sharpe", "max_drawdown", "trades")


def run(spec: dict[str, Any], work: Work) -> Outcome:
    """Run the strategy as it is, and then with one thing after the other changed."""
    request = read(spec, Request)
    strategy = strategy_of(request, work)
    markets = markets_of(request, work)
    work.begin("Running the strategy")
    found = stress_of(backtest(strategy, markets, **request.terms), progress=teller(work))
    results.write_json(work.folder / FILE, found.summary)
    base, worst = found.rows[0].figures or {}, found.worst
    return Outcome(
        {
            **{name: base[name] for name in HEADLINE},
            "worst": None if worst is None else worst.name,
            "worst_return": None if worst is None else (worst.figures or {})["total_return"],
            "crises": sum(row.kind == "crisis" and row.figures is not None for row in found.rows),
        },
        FILE,
    )
