"""How far a study is: told to its owner, and the moment at which one that was cancelled ends."""

from __future__ import annotations

from collections.abc import Callable

from candlewick.runtime.jobs.work import Work

FIRST, LAST = 0.1, 0.95
"""The part of a study before its bars are read, and when all that is left is to write down what was found."""


def teller(work: Work) -> Callable[[float, str], None]:
    """The `progress` of a study. It raises `Cancelled` once somebody has asked for the end."""

    def tell(share: float, step: str) -> None:
        work.require_going_on()
        work.progress(FIRST + (LAST - FIRST) * share, step)

    return tell
