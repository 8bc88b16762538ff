"""Pauses: what keeps a strategy from entering for a while. They act in a backtest as they act live."""

from __future__ import annotations

from dataclasses import dataclass

from candlewick.core.errors import UsageError


@dataclass(frozen=True, slots=True)
class Cooldown:
    """No entry in a market for `bars` bars after a trade that lost money there."""

    bars: int

    def __post_init__(self) -> None:
        if self.bars < 1:
            raise UsageError(f"Cooldown({self.bars}): give a number of bars of at least 1.")


@dataclass(frozen=True, slots=True)
class DrawdownPause:
    """No entry at all for `bars` bars once equity has fallen by `at` (a fraction) from its highest close.

    The highest close is counted anew from where the pause began.
    """

    at: float
    bars: int

    def __post_init__(self) -> None:
        if not 0 < self.at < 1 or self.bars < 1:
            raise UsageError(
                f"DrawdownPause({self.at}, {self.bars}): give a fraction below 1 and bars of at least 1."
            )


Protection = Cooldown | DrawdownPause
