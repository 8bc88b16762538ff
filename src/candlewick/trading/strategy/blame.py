"""A strategy that raised: what, and in which of its lines."""

from __future__ import annotations

import linecache
import sys
import traceback
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from candlewick.core.errors import StrategyError, UsageError


@contextmanager
def blamed(strategy: object, what: str) -> Generator[None]:
    """`with blamed(strategy, "signals"): …` makes a `StrategyError` of whatever the strategy raises."""
    try:
        yield
    except (Exception, SystemExit) as error:  # who leaves by sys.exit() would take the caller along
        raise blame(strategy, what, error) from error


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


def led_through(strategy: object, error: Exception | SystemExit) -> bool:
    """Whether an error came by a line of the strategy's own."""
    return isinstance(error, StrategyError) or _line_of(type(strategy), error) is not None


def _line_of(strategy: type[Any], error: BaseException) -> tuple[str, int, str] | None:
    """File, line and text of the innermost of the strategy's own lines that led to the error."""
    own = set()
    for each in strategy.__mro__:
        module = sys.modules.get(each.__module__)
        if not each.__module__.startswith("candlewick.trading.strategy.strategy") and each is not object:
            own.add(getattr(module, "__file__", None))
    for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
        file = frame.f_code.co_filename
        if file in own or frame.f_globals.get("__name__") == strategy.__module__:
            return file, line, linecache.getline(file, line).strip()
    return None
