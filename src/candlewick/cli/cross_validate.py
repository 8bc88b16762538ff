"""`candlewick cross-validate`: many histories out of one, each with parameters chosen on the rest."""

from __future__ import annotations

from typing import Annotated

from typer import Option, echo

from candlewick.cli.edge import AsJson
from candlewick.cli.research_options import Asked, researching
from candlewick.cli.research_search import Search


def work(
    question: Asked,
    search: Search,
    groups: Annotated[int, Option(help="How many stretches the time is cut into.")] = 6,
    test_groups: Annotated[int, Option(help="How many of them are judged on at once.")] = 2,
    purge: Annotated[
        int | None, Option(help="Bars left out beside each tested stretch; as long as anything was held.")
    ] = None,
    embargo: Annotated[int | None, Option(help="Bars left out behind it; a hundredth of all.")] = None,
    as_json: AsJson = False,
) -> None:
    """Choose parameters on every choice of stretches of time, and judge them on the others.

    Constraints are about parameters alone here.
    """
    from candlewick.backtest.registry import METRICS
    from candlewick.backtest.report.figures import text_of
    from candlewick.cli.printing import print_json, table
    from candlewick.research.cross_validation import cross_validate

    with search.at_work(question.loaded, "Running the sets") as words:
        found = cross_validate(
            question.strategy, question.markets, groups=groups, test_groups=test_groups, purge=purge,
            embargo=embargo, **words, **question.terms,
        )  # fmt: skip
    told = found.summary
    if as_json:
        print_json(told)
        return
    shown = {"path_sharpes": "sharpe", "path_returns": "total_return", "path_drawdowns": "max_drawdown"}
    rows = [("path", *(METRICS[name].label.lower() for name in shown.values()))]
    for number, figures in enumerate(zip(*(told[column] for column in shown), strict=True), 1):
        cells = zip(shown.values(), figures, strict=True)
        rows.append((str(number), *(text_of(METRICS[name], figure) for name, figure in cells)))
    echo(f"{len(found.sets):,} sets of {found.strategy}; {test_groups} of {groups} stretches are judged on, "
         f"chosen by the others in {len(found.splits):,} ways\n")  # fmt: skip
    table(rows, right=tuple(range(len(rows[0]))))
    if found.best is not None:
        chosen = ", ".join(f"{name}={value}" for name, value in found.sets[found.best].items())
        echo(f"\nOver the whole time {chosen} is best.")
    echo(found.verdict)


command = researching(work)
