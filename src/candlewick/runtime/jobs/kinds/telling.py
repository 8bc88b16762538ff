"""How far a study is: told to its owner, and the moment at which one that was cancelled ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from candlewick.runtime.jobs.work import Work

SEARCHED: Final = 0.99
"""Where a study is when all that is left is to look at what was found, and to write it down."""


def teller(work: Work) -> Callable[[float, str], None]:
    """The `progress` of a study. It raises `Cancelled` once somebody has asked for the end."""

    def tell(share: float, step: str) -> None:
        work.require_going_on()
        work.progress(SEARCHED * share, step)

    return tell
