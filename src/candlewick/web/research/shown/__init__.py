"""What a study asked for and found, ready for its page.

request       what was asked, as facts
backtest      the tear sheet, with the curves that can be looked into
optimisation  the best set and its neighbours, heatmaps, the Pareto front, the trials
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from candlewick.store.models import Job
from candlewick.web.research import results
from candlewick.web.research.shown import backtest, optimisation
from candlewick.web.research.shown.request import facts_of, line_at_fault

__all__ = ["facts_of", "line_at_fault", "parameters_of", "result_of"]

_OF: Final[dict[str, Callable[[Job], dict[str, Any]]]] = {
    "backtest": backtest.of,
    "optimisation": optimisation.of,
}


def result_of(job: Job) -> dict[str, Any]:
    """The context of a finished study's template; `result_template` names it.

    Raises:
        StoreDamaged: its files are gone.
    """
    of = _OF.get(job.kind)
    return {} if of is None else of(job)


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
