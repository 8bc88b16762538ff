"""What each of many sets of parameters returned, period by period, on the same markets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from candlewick.core.errors import UsageError
from candlewick.research.sampling import Series, period_returns
from candlewick.research.space import Parameters
from candlewick.research.sweep import Runner, why_not
from candlewick.trading.strategy.strategy import Strategy


class Returned(msgspec.Struct, frozen=True):
    """What a set returned: plain values, so that they can be kept and sent.

    Attributes:
        returns: float64, a period each (`sampling.period_returns`); empty of one that cannot be run.
        held: bars of the longest trade, the one that it ended in too.
        error: why it cannot be run.
    """

    parameters: Parameters
    returns: bytes
    held: int = 0
    error: str = ""

    @property
    def column(self) -> Series:
        """The returns."""
        return np.frombuffer(self.returns, np.float64)


@dataclass(frozen=True, slots=True)
class Returning:
    """Gives of sets of parameters what they returned; goes to other processes as its runner does."""

    runner: Runner

    @property
    def strategy(self) -> Strategy:
        return self.runner.strategy

    @property
    def is_compiled(self) -> bool:
        return self.runner.is_compiled

    def __call__(self, sets: Sequence[Parameters]) -> list[Returned]:
        """What each returned, in order."""
        return [self._of(each) for each in sets]

    def periods(self, parameters: Parameters) -> tuple[NDArray[np.int64], float]:
        """When the periods begin, and how many make a year; the same of any set that can be run."""
        time, _, a_year = period_returns(self.runner.run(parameters).metrics)
        return time, a_year

    def _of(self, parameters: Parameters) -> Returned:
        try:
            result = self.runner.run(parameters)
            _, returns, _ = period_returns(result.metrics)
        except UsageError as error:
            return Returned(parameters, b"", error=why_not(error, parameters))
        rows = result.trades.rows
        held = np.where(rows["exit_bar"] >= 0, rows["exit_bar"] - rows["entry_bar"], 0)
        vars(result).pop("trades")  # they hold each other: megabytes would wait for the garbage collector
        return Returned(parameters, returns.tobytes(), int(held.max(initial=0)) + 1)
