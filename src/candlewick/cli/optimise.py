"""`candlewick optimise`: which parameters of a strategy do best, and whether that is worth believing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from typer import Option, echo

from candlewick.cli.edge import AsJson, progress_bar
from candlewick.cli.research_options import (
    Asked,
    Constraints,
    Objectives,
    Processes,
    SearchMethod,
    Seed,
    Spaces,
    Trials,
    at_work,
    researching,
    space_of,
)

if TYPE_CHECKING:
    from candlewick.research.optimisation import Optimisation

TOP = 10


def work(
    question: Asked,
    objective: Objectives = None,
    method: SearchMethod = "grid",
    trials: Trials = 200,
    space: Spaces = None,
    constraint: Constraints = None,
    seed: Seed = 0,
    top: Annotated[int, Option(help="How many of the best to print.")] = TOP,
    processes: Processes = None,
    as_json: AsJson = False,
) -> None:
    """Search a strategy's parameters, and say how far the best can be believed."""
    from candlewick.cli.printing import print_json
    from candlewick.research.search import optimise

    with at_work(question, processes) as executor, progress_bar("Searching") as progress:
        found = optimise(
            question.strategy, question.markets, objective=objective or "sharpe",
            method=method,  # type: ignore[arg-type]  # it says itself which there are
            trials=trials, space=space_of(space, question.loaded.strategy), constraints=constraint or (),
            seed=seed, executor=executor, progress=lambda share, step: progress(share), **question.terms,
        )  # fmt: skip
        told = document(found)
    if as_json:
        print_json(told)
    else:
        show(found, told, top)


def document(found: Optimisation) -> dict[str, Any]:
    """A search as JSON has it."""
    best, stability = found.best, found.stability
    return {
        "strategy": type(found.base).__name__,
        "method": found.method,
        "seed": found.seed,
        "objectives": list(found.objectives),
        "best": best.parameters,
        "figures": dict(best.figures),
        "deflated_sharpe": found.result.metrics["deflated_sharpe"],
        "stability": {"mean": stability.mean_ratio, "worst": stability.worst_ratio},
        "importance": found.importance,
        "front": [each.number for each in found.front],
        "trials": [
            {
                "number": each.number, "parameters": each.parameters, "figures": dict(each.figures),
                "reason": each.reason or None,
            }
            for each in found.trials
        ],
    }  # fmt: skip


def show(found: Optimisation, told: dict[str, Any], top: int) -> None:
    """The best trials as a table, and what is to be thought of the first."""
    from candlewick.backtest.registry import METRICS
    from candlewick.backtest.report.figures import UNKNOWN, text_of
    from candlewick.cli.printing import table

    first = found.best
    shown = [name for name in first.figures if name in METRICS]
    ranked = found.front if len(found.objectives) > 1 else found.feasible
    rows = [(*first.parameters, *(METRICS[name].label for name in shown))]
    for each in ranked[:top]:
        cells = [text_of(METRICS[name], each.figures[name]) for name in shown]
        rows.append((*map(str, each.parameters.values()), *cells))
    echo(
        f"{len(found):,} trials of {told['strategy']} by {found.method}, for {', '.join(found.objectives)}\n"
    )
    table(rows, right=tuple(range(len(rows[0]))))
    chosen = ", ".join(f"{name}={value}" for name, value in first.parameters.items())
    deflated = told["deflated_sharpe"]
    echo(f"\nThe best is {chosen}.")
    sure = UNKNOWN if deflated is None else f"{deflated:.1%}"
    echo(f"Deflated Sharpe: {sure} sure that it is above zero, given how many were tried.")
    mean, worst = (UNKNOWN if each is None else f"{each:.0%}" for each in told["stability"].values())
    echo(f"One step beside it {mean} of its {found.objectives[0]} is left in the mean, {worst} at worst.")


command = researching(work)
