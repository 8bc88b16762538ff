"""`candlewick walk-forward`: parameters chosen on one stretch of time, judged on the next."""

from __future__ import annotations

from typer import echo

from candlewick.cli.edge import AsJson
from candlewick.cli.research_options import Asked, researching
from candlewick.cli.research_search import Anchored, Method, Objectives, Search, Test, Train


def work(
    question: Asked,
    search: Search,
    train: Train = "90d",
    test: Test = "30d",
    anchored: Anchored = False,
    objective: Objectives = None,
    method: Method = "grid",
    as_json: AsJson = False,
) -> None:
    """Search parameters on one stretch of time, judge them on the next, and go on."""
    from candlewick.backtest.registry import METRICS
    from candlewick.backtest.report.figures import UNKNOWN, text_of
    from candlewick.cli.printing import print_json, table
    from candlewick.market.bars import clock
    from candlewick.research.walk_forward import FIGURES, walk_forward

    with search.at_work(question.loaded, "Walking") as words:
        found = walk_forward(
            question.strategy, question.markets, train=train, test=test, anchored=anchored,
            objective=objective or "sharpe", method=method, **words, **question.terms,
        )  # fmt: skip
    if as_json:
        print_json(found.summary)
        return
    rows: list[tuple[str, ...]] = [("tested from", "to", "in sample", "out of sample", "return", "chosen")]
    for step in found.steps:
        given = step.parameters or {}
        chosen = ", ".join(f"{name}={value}" for name, value in given.items()) or step.reason
        figures = [
            text_of(METRICS[name], part[name]) if name in part else UNKNOWN
            for name, part in (
                ("sharpe", step.in_sample), ("sharpe", step.out_of_sample),
                ("total_return", step.out_of_sample),
            )
        ]  # fmt: skip
        days = (clock(at)[:10] for at in (step.window.test_start, step.window.test_end))
        rows.append((*days, *figures, chosen))
    echo(f"{found.strategy}: {len(found.steps)} windows, {train} to choose and {test} to judge\n")
    table(rows, right=(2, 3, 4))
    echo("\nOut of sample, stitched:")
    for name in FIGURES:
        echo(f"  {METRICS[name].label:<20} {text_of(METRICS[name], found.metrics[name]):>10}")
    kept = (found.efficiency, found.sharpe_retention)
    efficiency, retention = (UNKNOWN if each is None else f"{each:.0%}" for each in kept)
    echo(f"\nOf the yearly return in sample {efficiency} is left, of the Sharpe ratio {retention}; "
         f"{found.profitable:.0%} of the windows gained.")  # fmt: skip


command = researching(work)
