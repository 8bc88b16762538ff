"""`candlewick readiness`: whether a strategy may be traded on paper, or with money, and why not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer
from typer import Option, echo

from candlewick.cli.edge import AsJson
from candlewick.cli.research_options import Asked, researching
from candlewick.cli.research_search import Anchored, Search, Test, Train

if TYPE_CHECKING:
    from candlewick.trading.strategy.strategy import Strategy


def work(
    question: Asked,
    search: Search,
    train: Train = "90d",
    test: Test = "30d",
    anchored: Anchored = False,
    need: Annotated[
        Literal["nothing", "paper", "live"], Option(help="Exit with 1 unless it is ready for this.")
    ] = "nothing",
    paper: Annotated[
        str | None, Option(help="What it made on paper: the id of a run, or an account that it ran on.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Judge a strategy by published thresholds: out of sample, against chance, against the future.

    With --param these parameters are judged; without, those of the run on paper, or those that were best over
    the whole time. The thresholds stand in docs/readiness.md.
    """
    from candlewick.cli.paper_run import paper_run
    from candlewick.cli.printing import print_json, table
    from candlewick.research.readiness import readiness

    loaded = question.loaded
    on_paper = None if paper is None else paper_run(question, paper)
    strategy: Strategy | type[Strategy] = question.strategy if question.parameters else loaded.strategy
    if on_paper is not None and not question.parameters:
        strategy = loaded.strategy(**(on_paper.parameters or {}))
    with search.at_work(loaded, "Judging") as words:
        found = readiness(
            strategy, question.markets, train=train, test=test, anchored=anchored, paper=on_paper, **words,
            **question.terms,
        )  # fmt: skip
    if as_json:
        print_json(found.summary)
    else:
        given = ", ".join(f"{name}={value}" for name, value in found.parameters.items())
        echo(f"{found.strategy}({given})\n")
        marks = {True: "✓", False: "✗"}
        rows: list[tuple[str, ...]] = [("paper", "live", "")]
        for check in found.checks:
            passed = (marks[check.passed_for_paper], marks[check.passed])
            rows.append((*passed, check.sentence))
        table(rows, right=())
        echo(f"\n{found.verdict}")
    levels = ("nothing", "paper", "live")
    if levels.index(found.ready_for) < levels.index(need):
        raise typer.Exit(1)


command = researching(work)
