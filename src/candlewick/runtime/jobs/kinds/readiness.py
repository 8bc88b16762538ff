"""Whether a strategy may be traded on paper, or with money, as a study.

readiness.json  verdict, checks, and the studies behind them
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import msgspec

from candlewick.research.evidence import PaperRun
from candlewick.research.readiness import readiness
from candlewick.runtime.jobs.kinds import results
from candlewick.runtime.jobs.kinds.request import markets_of, read, strategy_class_of
from candlewick.runtime.jobs.kinds.searching import (
    Searching,
    choices,
    keep_choice,
    keep_returned,
    returned,
    runners,
)
from candlewick.runtime.jobs.kinds.telling import teller
from candlewick.runtime.jobs.work import Outcome, Work

FILE: Final = "readiness.json"


class OnPaper(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What it was worth on paper, payments left out: rising times (UTC seconds), and a figure for each.

    Attributes:
        run, account: which run of a strategy at work that is, and whose; empty: one from elsewhere.
        parameters: those that it ran with; None: those that are judged.
    """

    time: list[int]
    equity: list[float]
    run: str = ""
    account: str = ""
    parameters: dict[str, Any] | None = None

    @property
    def taken(self) -> PaperRun:
        """As a check takes it."""
        name = f"{self.run} on {self.account}" if self.run else ""
        return PaperRun.of(self.time, self.equity, name=name, parameters=self.parameters)


class Asked(Searching, kw_only=True, forbid_unknown_fields=True):
    """What is asked for. With `parameters` that strategy is judged; without, its class (`readiness`)."""

    train: str = "90d"
    test: str = "30d"
    anchored: bool = False
    paper: OnPaper | None = None


def run(spec: dict[str, Any], work: Work) -> Outcome:
    """Judge the strategy, going on behind the windows that an earlier attempt had done."""
    request = read(spec, Asked)
    kind = strategy_class_of(request, work)
    strategy = kind(**request.parameters) if request.parameters else kind
    markets = markets_of(request, work)
    work.begin("Judging")
    found = readiness(
        strategy,
        markets,
        train=request.train,
        test=request.test,
        anchored=request.anchored,
        trials=request.trials,
        space=request.ranges(kind),
        constraints=request.constraints,
        seed=request.seed,
        paper=None if request.paper is None else request.paper.taken,
        progress=teller(work),
        done=choices(work),
        on_piece=partial(keep_choice, work),
        returned=returned(work),
        on_returned=partial(keep_returned, work),
        **runners(kind, work),
        **request.terms,
    )
    results.write_json(work.folder / FILE, found.summary)
    figures = {check.name: check.figure for check in found.checks}
    return Outcome(
        {
            "ready_for": found.ready_for,
            "verdict": found.verdict,
            "passed": sum(check.passed for check in found.checks),
            "checks": len(found.checks),
            "parameters": dict(found.parameters),
            **{name: figures[name] for name in ("sharpe", "trades")},
            "max_drawdown": figures["drawdown"],
        },
        FILE,
    )
