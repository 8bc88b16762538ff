"""Strategies by name: those that come with Candlewick, those in a person's folder, those in any file.

A file is read anew each time it is asked for, and run again when its text has changed; the module's name is
made of the text, so that what was loaded before goes on as it was. Running a file is running its author's
code: it may take long, or end the process.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import sys
import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Final

from candlewick.core.errors import CandlewickError, StrategyError, UsageError
from candlewick.research import naming
from candlewick.trading.strategy.strategy import Strategy

FOLDER: Final = "strategies"
BUNDLED: Final = {
    "EmaCross": "ema_cross",
    "RsiReversion": "rsi_reversion",
    "BollingerBreakout": "bollinger_breakout",
    "DonchianTrend": "donchian_trend",
    "FundingCarry": "funding_carry",
    "Grid": "grid",
}
"""Class → module of `candlewick.bundled`, in the order in which people should read them."""


class BrokenStrategy(StrategyError):
    """A file of strategies cannot be run. `path`, `line` (None: unknown) and `reason` say where and why."""

    def __init__(self, path: Path, line: int | None, reason: str) -> None:
        where = f"{path.name}, line {line}" if line else path.name
        super().__init__(f"{where}: {reason}", str(path), line)
        self.path, self.reason = path, reason


@dataclass(frozen=True, slots=True)
class Loaded:
    """A strategy that can be run.

    Attributes:
        name: of its class.
        strategy: the class.
        file: where it stands.
        source: the file's text, as it was run.
        bundled: whether it comes with Candlewick.
    """

    name: str
    strategy: type[Strategy]
    file: Path
    source: str
    bundled: bool

    @property
    def title(self) -> str:
        """The first line of its docstring; empty if it has none."""
        return (inspect.getdoc(self.strategy) or "").partition("\n")[0] if self.strategy.__doc__ else ""

    @property
    def reference(self) -> str:
        """What names it in a study: its class alone where its source goes along, else `module:Class`."""
        return f"{self.strategy.__module__}:{self.name}" if self.bundled else self.name


@dataclass(frozen=True, slots=True)
class Shelf:
    """What there is to run, and which files cannot be."""

    strategies: tuple[Loaded, ...]
    broken: tuple[BrokenStrategy, ...]


def find(name: str, folder: Path | None = None) -> Loaded:
    """The strategy that a person means. Of their files those alone are run that may hold it.

    Args:
        name: as `naming` has it; or a path, with `:Class` where the file has several.
        folder: a person's own.

    Raises:
        UsageError: there is none of that name, or more than one; says which there are.
        BrokenStrategy: its file cannot be run; says in which line, and why.
    """
    file, _, wanted = name.strip().rpartition(":") if ":" in name else (name.strip(), "", "")
    path = _file(file, folder)
    if path is not None:
        return _of_file(path, wanted, name)
    own = files(folder)
    to_run = [each for each in own if (each.stem == file if wanted else naming.may_hold(each, file))]
    there = shelf(to_run)
    found = naming.meant(name, there.strategies, there.broken, (each for each in own if each not in to_run))
    if isinstance(found, BrokenStrategy):
        raise found
    return found


def shelf(own: Iterable[Path]) -> Shelf:
    """The bundled strategies, then those of a person's files. A file that is broken harms no other."""
    there, broken = [bundled_of(each) for each in BUNDLED], []
    for path in own:
        try:
            there += load(path)
        except BrokenStrategy as fault:
            broken.append(fault)
    return Shelf(tuple(there), tuple(broken))


def bundled_of(name: str) -> Loaded:
    """A strategy that comes with Candlewick, by its class."""
    # by name: they read the face for people, which no room does
    module = import_module(f"candlewick.bundled.{BUNDLED[name]}")
    file = Path(str(module.__file__))
    return Loaded(name, getattr(module, name), file, file.read_text(encoding="utf-8"), True)


def load(path: Path) -> list[Loaded]:
    """The strategies of a file, in its order.

    Raises:
        BrokenStrategy: it cannot be read or run, or holds none; says in which line, and why.
    """
    text = _text(path)
    module = _module(path, text)
    classes = [
        each
        for each in dict.fromkeys(each for each in vars(module).values() if isinstance(each, type))
        if issubclass(each, Strategy) and each.__module__ == module.__name__
        if not each.__name__.startswith("_")
    ]
    found = [Loaded(each.__name__, each, path, text, False) for each in classes]
    for each in found:
        if not each.name.isidentifier() or vars(module).get(each.name) is not each.strategy:
            reason = f"its class {each.name[:60]!r} has another name: call it as the file does."
            raise BrokenStrategy(path, None, reason)
        try:
            each.strategy.check()
        except CandlewickError as fault:
            raise BrokenStrategy(path, _line_of(text, each.name), str(fault)) from None
    if not found:
        raise BrokenStrategy(path, None, "it holds no strategy: derive a class from candlewick.Strategy.")
    return found


def files(folder: Path | None) -> list[Path]:
    """The files of a folder that may hold strategies, by name; tests are none."""
    if folder is None or not folder.is_dir():
        return []
    return [
        path
        for path in sorted(folder.glob("*.py"))
        if path.is_file() and not path.name.startswith(("_", ".", "test_")) and path.name != "conftest.py"
    ]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise BrokenStrategy(path, None, "it is not text in UTF-8.") from None
    except OSError as error:
        raise BrokenStrategy(path, None, f"it cannot be read: {error.strerror or error}.") from None


def _module(path: Path, text: str) -> ModuleType:
    """The file's module, run once for each text, under the name that the processes of a study give it."""
    name = f"candlewick_study_{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    if name in sys.modules:
        return sys.modules[name]
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module  # before it runs: dataclasses look themselves up there
    try:
        exec(compile(text, str(path), "exec"), vars(module))
    except BaseException as fault:
        del sys.modules[name]
        if isinstance(fault, KeyboardInterrupt):
            raise
        raise _broken(path, fault) from fault
    return module


def _broken(path: Path, fault: BaseException) -> BrokenStrategy:
    if isinstance(fault, SyntaxError) and fault.filename == str(path):
        return BrokenStrategy(path, fault.lineno, f"{fault.msg}.")
    if isinstance(fault.__cause__, CandlewickError):  # Python 3.11 wraps what a Param says of its class
        fault = fault.__cause__.with_traceback(fault.__traceback__)
    lines = [each.lineno for each in traceback.extract_tb(fault.__traceback__) if each.filename == str(path)]
    said = str(fault) or "it gives no reason"
    # our own errors are sentences already
    reason = said if isinstance(fault, CandlewickError) else f"{type(fault).__name__}: {said}."
    return BrokenStrategy(path, lines[-1] if lines else None, reason)


def _of_file(path: Path, wanted: str, name: str) -> Loaded:
    found = load(path)
    there = ", ".join(each.name for each in found)
    if not wanted and len(found) > 1:
        raise UsageError(f"{path.name} has {len(found)} strategies. Say which: {name}:Class, of {there}.")
    named = naming.alike(wanted, found) if wanted else found
    if not named:
        raise UsageError(f"{path.name} has no strategy {wanted!r}. It has: {there}.")
    return named[0]


def _file(name: str, folder: Path | None) -> Path | None:
    """The file of a path, also of one within the folder; None if the name is no path."""
    if not name.endswith(".py") and "/" not in name:
        return None
    places = [Path(name).expanduser()]
    if folder is not None and "/" not in name:
        places.append(folder / name)
    for path in places:
        if path.is_file():
            return path
    raise UsageError(f"There is no file {name}.")


def _line_of(text: str, name: str) -> int | None:
    for each in ast.parse(text).body:
        if isinstance(each, ast.ClassDef) and each.name == name:
            return each.lineno
    return None
