"""A study's strategy as a module: the text that was kept when the study was asked for, and no other.

The module's name is made of the text, and every process of a study loads it under that name, so that a
strategy travels between them as any class of an installed module does.
"""

from __future__ import annotations

import hashlib
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final

from candlewick.core.errors import UsageError

if TYPE_CHECKING:
    from candlewick.trading.strategy.strategy import Strategy

FILE: Final = "strategy.py"
_OURS: Final = "candlewick."


def keep(folder: Path, source: str) -> Path:
    """Put a strategy's text into a study's folder."""
    path = folder / FILE
    path.write_text(source, encoding="utf-8")
    return path


def load(path: Path) -> ModuleType:
    """The module of a text; loaded once a process.

    Raises:
        UsageError: it cannot be loaded; says in which line, and why.
    """
    name = f"candlewick_study_{hashlib.sha256(path.read_bytes()).hexdigest()[:16]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        del sys.modules[name]
        raise UsageError(f"The strategy has a syntax error in line {error.lineno}: {error.msg}.") from None
    except BaseException:
        del sys.modules[name]
        raise
    return module


def strategy(name: str, path: Path | None) -> type[Strategy]:
    """The strategy of a class's name in a text, or of `module:Class` among those that come with Candlewick.

    Raises:
        UsageError: there is none.
    """
    from candlewick.trading.strategy.strategy import Strategy

    if path is None:
        home, _, name = name.rpartition(":")
        if not home.startswith(_OURS):
            raise UsageError(
                f"The study of {name!r} has no source: ask for it again with the strategy's text."
            )
        module = __import__(home, fromlist=[name])
    else:
        module = load(path)
    found = getattr(module, name.rpartition(":")[2], None)
    if isinstance(found, type) and issubclass(found, Strategy) and found is not Strategy:
        return found
    there = [
        key
        for key, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, Strategy) and value.__module__ == module.__name__
    ]
    raise UsageError(f"There is no strategy {name[:60]!r} in the file. It has: {', '.join(there) or 'none'}.")
