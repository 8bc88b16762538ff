"""A strategy that raised: what, and in which of its lines."""

from __future__ import annotations

import linecache
import sys
import traceback
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final

from candlewick.core.errors import StrategyError, UsageError

_BASE: Final = "candlewick.trading.strategy.strategy"


@contextmanager
def blamed(strategy: object, what: str) -> Generator[None]:
    """`with blamed(strategy, "signals"): …` makes a `StrategyError` of whatever the strategy raises."""
    try:
        yield
    except (Exception, SystemExit) as error:  # who leaves by sys.exit() would take the caller along
        raise blame(strategy, what, error) from error


@contextmanager
def blamed_for_its_own(strategy: object, what: str) -> Generator[None]:
    """The same around code of ours that calls the strategy: what we raised ourselves stays what it is."""
    try:
        yield
    except (Exception, SystemExit) as error:
        if isinstance(error, StrategyError) or _line_of(type(strategy), error) is not None:
            raise blame(strategy, what, error) from error
        raise


def blame(strategy: object, what: str, error: Exception | SystemExit) -> StrategyError:
    """The error of a strategy as a sentence that names the line of its own file it came from."""
    if isinstance(error, StrategyError):
        return error
    name = type(strategy).__name__
    where = _line_of(type(strategy), error)
    place = (
        ""
        if where is None
        else f" ({Path(where[0]).name}, line {where[1]}{f': {where[2]}' if where[2] else ''})"
    )
    if isinstance(error, UsageError):
        said = str(error)
    else:
        said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return StrategyError(f"{what}() of {name}{place}: {said}", *((where[0], where[1]) if where else ()))


def is_own(strategy: type[Any], frame: FrameType) -> bool:
    """Whether a frame runs code of the strategy's own file, or of one it derives from."""
    if frame.f_globals.get("__name__") == strategy.__module__:
        return True
    files = {
        getattr(sys.modules.get(each.__module__), "__file__", None)
        for each in strategy.__mro__
        if each.__module__ not in ("builtins", _BASE)
    }
    return frame.f_code.co_filename in files


def _line_of(strategy: type[Any], error: BaseException) -> tuple[str, int, str] | None:
    """File, line and text of the innermost of the strategy's own lines that led to the error."""
    for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
        if is_own(strategy, frame):
            file = frame.f_code.co_filename
            return file, line, linecache.getline(file, line).strip()
    return None
