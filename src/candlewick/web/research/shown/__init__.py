"""What a study asked for and found, ready for its page.

request           what was asked, as facts
backtest          the tear sheet, with the curves that can be looked into
optimisation      the best set and its neighbours, heatmaps, the Pareto front, the trials
walk_forward      the stitched run, its windows, how the parameters wandered
cross_validation  the paths, and every choice with what it came to
monte_carlo       the verdict, bands of what might have been
stress            crises that were, and things made worse
readiness         the verdict, each reason with its figure and its threshold
comparison        the ranking, and which differences are more than chance
words             figures and values in words
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from candlewick.core.instrument import public_symbol
from candlewick.store.models import Job
from candlewick.web.research import results
from candlewick.web.research.shown import (
    backtest,
    comparison,
    cross_validation,
    monte_carlo,
    optimisation,
    readiness,
    stress,
    walk_forward,
)
from candlewick.web.research.shown.request import facts_of, line_at_fault

__all__ = ["facts_of", "line_at_fault", "parameters_of", "result_of"]

_OF: Final[dict[str, Callable[[Job], dict[str, Any]]]] = {
    "backtest": backtest.of,
    "compare": comparison.of,
    "cross_validation": cross_validation.of,
    "monte_carlo": monte_carlo.of,
    "optimisation": optimisation.of,
    "readiness": readiness.of,
    "stress": stress.of,
    "walk_forward": walk_forward.of,
}


def result_of(job: Job, *, primary: str) -> dict[str, Any]:
    """The context of a finished study's template; `result_template` names it.

    Raises:
        StoreDamaged: its files are gone.
    """
    of = _OF.get(job.kind)
    context = {} if of is None else of(job)
    if "sheet" in context:
        context["trades"] = backtest.named(context["trades"], primary=primary)
        context["markets"] = [(id, public_symbol(id, primary=primary)) for id in job.spec.get("symbols", ())]
    return context


def parameters_of(job: Job, trial: str = "") -> dict[str, Any]:
    """The parameters to try again: of a set of a search where one is named, else as they were asked for.

    Raises:
        StoreDamaged: its files are gone.
    """
    asked: dict[str, Any] = job.spec.get("parameters", {})
    if job.kind != "optimisation" or not trial:
        return asked
    trials = results.whole(job)["trials"]
    found: dict[str, Any] = next((each["parameters"] for each in trials if str(each["number"]) == trial), {})
    return asked | found
