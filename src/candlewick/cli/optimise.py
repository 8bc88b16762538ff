"""`candlewick optimise`: which parameters of a strategy do best, and whether that is worth believing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from typer import Option, echo

from candlewick.cli.edge import AsJson
from candlewick.cli.research_options import Asked, researching
from candlewick.cli.research_search import Method, Objectives, Search

if TYPE_CHECKING:
    from candlewick.research.optimisation import Optimisation
    from candlewick.research.trial import Trial

TOP = 10


def work(
    question: Asked,
    search: Search,
    objective: Objectives = None,
    method: Method = "grid",
    top: Annotated[int, Option(help="How many of the best to print.")] = TOP,
    as_json: AsJson = False,
) -> None:
    """Search a strategy's parameters, and say how far the best can be believed."""
    from candlewick.cli.printing import print_json
    from candlewick.research.search import optimise

    with search.at_work(question.loaded, "Searching") as words:
        found = optimise(
            question.strategy, question.markets, objective=objective or "sharpe", method=method, **words,
            **question.terms,
        )  # fmt: skip
    best = found.best  # what has none is told as a fault, to programs too
    if as_json:
        print_json(found.summary)
    else:
        show(found, best, top)


def show(found: Optimisation, best: Trial, top: int) -> None:
    """The first trials as a table, and what is to be thought of the best."""
    from candlewick.backtest.registry import METRICS
    from candlewick.backtest.report.figures import UNKNOWN, text_of
    from candlewick.cli.printing import table

    shown = [name for name in best.figures if name in METRICS]
    ranked = found.front if len(found.objectives) > 1 else found.feasible
    rows = [(*best.parameters, *(METRICS[name].label for name in shown))]
    for each in ranked[:top]:
        cells = [text_of(METRICS[name], each.figures[name]) for name in shown]
        rows.append((*map(str, each.parameters.values()), *cells))
    wanted = ", ".join(found.objectives)
    echo(f"{len(found):,} trials of {type(found.base).__name__} by {found.method}, for {wanted}\n")
    table(rows, right=tuple(range(len(rows[0]))))
    chosen = ", ".join(f"{name}={value}" for name, value in best.parameters.items())
    echo(f"\nThe best is {chosen}.")
    deflated = found.result.metrics["deflated_sharpe"]
    sure = UNKNOWN if deflated is None else f"{deflated:.1%}"
    echo(f"Deflated Sharpe: {sure} sure that it is above zero, given how many were tried.")
    left = (found.stability.mean_ratio, found.stability.worst_ratio)
    mean, worst = (UNKNOWN if each is None else f"{each:.0%}" for each in left)
    echo(f"One step beside it {mean} of its {found.objectives[0]} is left in the mean, {worst} at worst.")


command = researching(work)
