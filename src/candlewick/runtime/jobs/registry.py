"""Which function stands behind a kind of study. Its module is imported in the study's own process alone."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Protocol

from candlewick.core.errors import UsageError

if TYPE_CHECKING:
    from candlewick.runtime.jobs.work import Outcome, Work

KINDS: Final[dict[str, str]] = {
    "backtest": "candlewick.runtime.jobs.kinds.backtest:run",
    "compare": "candlewick.runtime.jobs.kinds.compare:run",
    "cross_validation": "candlewick.runtime.jobs.kinds.cross_validation:run",
    "monte_carlo": "candlewick.runtime.jobs.kinds.monte_carlo:run",
    "optimisation": "candlewick.runtime.jobs.kinds.optimisation:run",
    "readiness": "candlewick.runtime.jobs.kinds.readiness:run",
    "stress": "candlewick.runtime.jobs.kinds.stress:run",
    "walk_forward": "candlewick.runtime.jobs.kinds.walk_forward:run",
}
"""Kind → `module:function`."""


class Run(Protocol):
    """A study: what was asked, and what it needs to do it."""

    def __call__(self, spec: dict[str, Any], work: Work) -> Outcome: ...


def target_of(kind: str, kinds: Mapping[str, str] = KINDS) -> str:
    """`module:function` of a kind.

    Raises:
        UsageError: there is no such kind.
    """
    try:
        return kinds[kind]
    except KeyError:
        known = ", ".join(sorted(kinds)) or "none yet"
        raise UsageError(f"There is no study of the kind {kind[:40]!r}. Use one of: {known}.") from None


def load(target: str) -> Run:
    """The function that `module:function` names."""
    module, _, name = target.partition(":")
    run: Run = getattr(import_module(module), name)
    return run
