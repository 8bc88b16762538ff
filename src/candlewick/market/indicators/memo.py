"""Indicators that were computed before, for a sweep over parameters, which asks for the same again and again.

What is handed out cannot be written to, since others get the same.
"""

from __future__ import annotations

import itertools
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import Any, Final, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

P = ParamSpec("P")
R = TypeVar("R")
_MISSING: Final = object()


@dataclass(slots=True)
class _Known:
    number: int
    owner: NDArray[Any]
    uses: int = 1


class Memo:
    """Results by function, columns and parameters; the longest unused are forgotten first.

    Safe to be used by several threads.
    """

    def __init__(self, columns: Iterable[NDArray[Any]], most_bytes: int) -> None:
        """Remember what is computed from these columns, or from results, and from nothing else.

        Args:
            columns: they must not change while this is in use.
            most_bytes: what the results may take.
        """
        # Memory that is known, by its id: it is kept, so that the id stays its own. The number is never used
        # again, so that what was computed from a forgotten column is not mistaken for anything else.
        self._numbers = itertools.count()
        self._known = {id(owner): _Known(next(self._numbers), owner) for owner in map(_owner, columns)}
        self._most_bytes = most_bytes
        self._bytes = 0
        self._results: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def bytes(self) -> int:
        """What the results take."""
        return self._bytes

    def recall(self, function: Callable[..., R], args: tuple[Any, ...], kwargs: dict[str, Any]) -> R:
        """The result of a call, remembered or computed."""
        key = self._key(function, args, kwargs)
        if key is None:
            return function(*args, **kwargs)
        with self._lock:
            found = self._results.get(key, _MISSING)
            if found is not _MISSING:
                self._results.move_to_end(key)
                result: R = found
                return result
        made = function(*args, **kwargs)
        lines = _lines(made)
        if lines:
            self._keep(key, made, lines)
        return made

    def _keep(self, key: Hashable, made: Any, lines: list[NDArray[Any]]) -> None:
        for line in lines:
            line.flags.writeable = False
        with self._lock:
            if key in self._results:
                return  # another thread was faster
            self._results[key] = made
            for line in lines:
                owner = _owner(line)
                known = self._known.setdefault(id(owner), _Known(next(self._numbers), owner, 0))
                known.uses += 1
                self._bytes += line.nbytes
            while self._bytes > self._most_bytes:
                _, oldest = self._results.popitem(last=False)
                self._forget(oldest)

    def _forget(self, made: Any) -> None:
        for line in _lines(made):
            known = self._known[id(_owner(line))]
            known.uses -= 1
            if not known.uses:
                del self._known[id(known.owner)]
            self._bytes -= line.nbytes

    def _key(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Hashable:
        """What names a call; None: it cannot be known again."""
        parts: list[Hashable] = [function]
        for name, value in (*enumerate(args), *kwargs.items()):
            if isinstance(value, np.ndarray):
                known = self._known.get(id(_owner(value)))
                if known is None or value.flags.writeable:
                    return None
                place = value.__array_interface__["data"][0]
                parts.append((name, known.number, place, value.shape, value.strides, value.dtype.str))
            elif isinstance(value, int | float | str | bool | np.generic) or value is None:
                parts.append((name, type(value), value))
            else:
                return None
        return tuple(parts)


_IN_FORCE: Final[ContextVar[Memo | None]] = ContextVar("memo", default=None)


@contextmanager
def remembering(memo: Memo) -> Iterator[None]:
    """Let the indicators of `candlewick.ta` that this thread asks for be remembered."""
    token = _IN_FORCE.set(memo)
    try:
        yield
    finally:
        _IN_FORCE.reset(token)


def remembered(function: Callable[P, R]) -> Callable[P, R]:
    """A function of columns whose results can be remembered."""

    @wraps(function)
    def recalling(*args: P.args, **kwargs: P.kwargs) -> R:
        memo = _IN_FORCE.get()
        return function(*args, **kwargs) if memo is None else memo.recall(function, args, kwargs)

    return recalling


def _owner(column: NDArray[Any]) -> NDArray[Any]:
    while isinstance(column.base, np.ndarray):
        column = column.base
    return column


def _lines(made: Any) -> list[NDArray[Any]]:
    """The columns of a result; none if it is something else."""
    each = made if isinstance(made, tuple) else (made,)
    return list(each) if all(isinstance(line, np.ndarray) for line in each) else []
