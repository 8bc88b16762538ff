"""What a study asked for and found, ready for its page.

request   what was asked, as facts
backtest  the tear sheet, with the curves that can be looked into
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from candlewick.store.models import Job
from candlewick.web.research.shown import backtest
from candlewick.web.research.shown.request import facts_of, line_at_fault

__all__ = ["facts_of", "line_at_fault", "result_of"]

_OF: Final[dict[str, Callable[[Job], dict[str, Any]]]] = {
    "backtest": backtest.of,
}


def result_of(job: Job) -> dict[str, Any]:
    """The context of a finished study's template; `result_template` names it.

    Raises:
        StoreDamaged: its files are gone.
    """
    of = _OF.get(job.kind)
    return {} if of is None else of(job)
