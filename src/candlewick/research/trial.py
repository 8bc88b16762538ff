"""A trial of a search: one set of parameters, what came of it, and what is kept of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from candlewick.backtest.registry import Figure
from candlewick.research.objectives import Judge
from candlewick.research.space import Parameters
from candlewick.research.sweep import Ran


class Row(msgspec.Struct, frozen=True):
    """What is to be kept of a trial, so that a search can go on from it: plain values, as JSON has them."""

    parameters: dict[str, Any]
    figures: dict[str, float | int | None]
    error: str = ""


@dataclass(frozen=True, slots=True)
class Trial:
    """One set of parameters, and what came of it.

    Attributes:
        number: its place in the order in which sets were asked for, from 0.
        figures: of the metrics that the search looked at; None where undefined.
        scores: one an objective, more is better.
        excess: by how much it breaks the constraints.
        reason: why it may not be chosen, as a sentence; empty if it may.
    """

    number: int
    parameters: Parameters
    figures: Mapping[str, Figure]
    scores: tuple[float | None, ...]
    excess: float
    reason: str

    @property
    def is_feasible(self) -> bool:
        """Whether it may be chosen."""
        return not self.reason

    @property
    def score(self) -> float | None:
        """Of the first objective."""
        return self.scores[0]

    @property
    def summary(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "number": self.number,
            "parameters": self.parameters,
            "figures": dict(self.figures),
            "reason": self.reason or None,
        }


def trial_of(judge: Judge, number: int, parameters: Parameters, ran: Ran) -> Trial:
    """What came of a set, judged."""
    verdict = judge(parameters, ran.figures, ran.error)
    return Trial(number, parameters, ran.figures, verdict.scores, verdict.excess, verdict.reason)
