"""`--paper`: what a strategy at work made on paper, for `candlewick readiness`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from candlewick.cli.database import opened
from candlewick.core.errors import UsageError

if TYPE_CHECKING:
    from candlewick.cli.research_options import Asked
    from candlewick.research.evidence import PaperRun


def paper_run(question: Asked, named: str) -> PaperRun:
    """The run of that id, or the newest of the strategy on its markets in the account of that name.

    Raises:
        UsageError: there is none, or it has not seen two bars yet.
    """
    from msgspec import convert

    from candlewick.cli.account import find
    from candlewick.runtime.jobs.kinds.readiness import OnPaper

    settings = opened(question.data_dir)
    from candlewick.runtime.jobs import paper
    from candlewick.store.journal.reader import Records
    from candlewick.store.models import StrategyAtWork

    row = StrategyAtWork.objects.filter(pk=named).first()
    account = find(named, None).pk if row is None else row.account_id
    bars = question.markets[0].bars
    symbols = [market.symbol for market in question.markets]
    runs = paper.runs([account], question.loaded.name, symbols, bars.timeframe)
    run = next((each for each in runs if row is None or each.pk == row.pk), None)
    if run is None:
        raise UsageError(
            f"{named} has no run on paper of {question.loaded.name} on {', '.join(symbols)} with bars of "
            f"{bars.timeframe}. `candlewick strategy at-work --ended` lists the runs."
        )
    told = paper.run_of(run, Records(settings.ledger), question.markets)
    if told is None:
        raise UsageError(f"{run.tag} has not seen two of these bars: wait, or load bars up to now.")
    return convert(told, OnPaper).taken
