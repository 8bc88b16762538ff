"""What every study that tries sets of parameters asks for, and who runs them."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from candlewick.research.returns import Returned
from candlewick.research.search import Method
from candlewick.research.space import between
from candlewick.research.walk_forward import Choice
from candlewick.runtime.jobs.kinds.request import Request
from candlewick.runtime.jobs.work import Work
from candlewick.trading.strategy.strategy import Strategy

_SETS: Final = "sets "


class Range(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The values of a number: from `low` to `high` by `step`; without one, any between (whole ones: by 1)."""

    low: float
    high: float
    step: float | None = None


class Searching(Request, kw_only=True, forbid_unknown_fields=True):
    """A request whose `parameters` are those that are not searched. The words are those of `optimise`.

    Attributes:
        space: what is searched, by name; None: all that has a range.
    """

    trials: int = 200
    space: dict[str, Range | list[Any]] | None = None
    constraints: tuple[str, ...] = ()
    seed: int = 0

    def ranges(self, kind: type[Strategy]) -> dict[str, Any] | None:
        """What is searched, as studies take it.

        Raises:
            UsageError: a whole number is searched between others.
        """
        if self.space is None:
            return None
        known = kind.parameters()
        return {
            name: given
            if isinstance(given, list)
            else between(name, known.get(name), given.low, given.high, given.step)
            for name, given in self.space.items()
        }


class Choosing(Searching, kw_only=True, forbid_unknown_fields=True):
    """The same where the best set is chosen by objectives."""

    objective: str | tuple[str, ...] = "sharpe"
    method: Method = "grid"


def runners(kind: type[Strategy], work: Work) -> dict[str, Any]:
    """Where sets are run, as studies take it: threads for what the core runs, processes for Python's part."""
    executor, workers = work.threads() if kind.signals_only() else work.processes()
    return {"executor": executor, "workers": workers, "folder": work.folder}


def returned(work: Work) -> list[Returned]:
    """What sets returned in an earlier attempt."""
    pieces = (piece for name, piece in work.pieces.done.items() if name.startswith(_SETS))
    return [each for piece in pieces for each in msgspec.convert(piece, list[Returned])]


def keep_returned(work: Work, piece: list[Returned]) -> None:
    """Keep what the sets of a piece returned."""
    plain = msgspec.to_builtins(piece, builtin_types=(bytes,))
    work.pieces.add(f"{_SETS}{len(work.pieces)}", plain)


def choices(work: Work) -> dict[int, Choice]:
    """What windows chose in an earlier attempt, by number."""
    pieces = work.pieces.done.items()
    return {int(name): msgspec.convert(piece, Choice) for name, piece in pieces if name.isdecimal()}


def keep_choice(work: Work, number: int, choice: Choice) -> None:
    """Keep what a window chose."""
    work.pieces.add(str(number), msgspec.to_builtins(choice))
