"""What each of many sets of parameters returned, period by period, on the same markets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from candlewick.core.errors import UsageError
from candlewick.research.crew import crew, fan_out
from candlewick.research.sampling import Series, period_returns
from candlewick.research.space import Parameters
from candlewick.research.sweep import Runner, why_not
from candlewick.trading.strategy.strategy import Strategy

_LARGEST: Final = 400 * 1024 * 1024  # bytes of returns


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


def returns_of(
    returning: Returning,
    sets: Sequence[Parameters],
    executor: Executor | None,
    workers: int | None,
    folder: Path | None,
    progress: Callable[[float, str], None] | None,
    done: Iterable[Returned],
    on_piece: Callable[[list[Returned]], None] | None,
) -> list[Returned]:
    """What the sets returned that can be run; those that are `done` already are not run again.

    Args:
        executor, workers, folder: where they are run (`crew`).
        progress: told how much is done, from the beginning on; what it raises ends it.
        on_piece: given what the sets of a piece returned, as it is done.

    Raises:
        UsageError: not one of them can be run, or there is too much to keep.
    """
    known = {tuple(each.parameters.items()): each for each in done}
    came = [known.get(tuple(each.items())) for each in sets]
    places = [place for place, each in enumerate(came) if each is None]
    ready = len(sets) - len(places)

    def tell() -> None:
        if progress is not None:
            progress(ready / len(sets), f"{ready:,} of {len(sets):,} sets")

    def take(_: Sequence[Parameters], piece: Sequence[Returned]) -> None:
        nonlocal ready
        ready += len(piece)
        if len(sets) * max(len(each.returns) for each in piece) > _LARGEST:
            raise UsageError(f"What {len(sets):,} sets returned is too much to keep. Try fewer sets.")
        if on_piece is not None:
            on_piece(list(piece))
        tell()

    tell()
    with crew(returning, executor, workers, folder) as at_work:
        ran = fan_out([sets[place] for place in places], at_work, take, lambda: False)
    for place, one in zip(places, ran, strict=True):
        came[place] = one
    found = [each for each in came if each is not None and not each.error]
    if not found:
        first = next(each.error for each in came if each is not None)
        raise UsageError(f"Not one of {len(sets):,} sets can be run. The first: {first}")
    return found
