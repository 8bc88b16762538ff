"""Which strategy a name means: on the command line, over REST and on the pages alike.

A name is a class, `file:Class`, or a file; `EmaCross`, `ema-cross` and `ema_cross` are one. A person's own
come before the bundled ones, and so does a file of theirs that cannot be run now: nothing else is taken for
what it holds. A bundled one has its reference besides, `candlewick.bundled.ema_cross:EmaCross`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, Protocol, TypeVar

from candlewick.core.errors import UsageError

_CLASS: Final = re.compile(r"^class\s+(\w+)", re.MULTILINE)
_BOUND: Final = re.compile(r"^\s*(?:class\s+)?(\w+)\s*[(:=]", re.MULTILINE)
LONGEST: Final = 60  # of a name that is said again in a complaint


class Named(Protocol):
    """A strategy, as far as names are concerned."""

    @property
    def name(self) -> str: ...

    @property
    def file(self) -> str | Path: ...

    @property
    def bundled(self) -> bool: ...

    @property
    def reference(self) -> str: ...


class Faulted(Protocol):
    """A file of a person's that cannot be run."""

    @property
    def file(self) -> str | Path | None: ...


T = TypeVar("T", bound=Named)
F = TypeVar("F", bound=Faulted)


class NoSuchStrategy(UsageError):
    """A name means no strategy that can be run, or more than one; says which there are, or why."""


def meant(name: str, there: Iterable[T], broken: Iterable[F], others: Iterable[Path] = ()) -> T | F:
    """The strategy that a name means; or the file that cannot be run, where it means one of that.

    Args:
        others: files that surely hold nothing of that name, for the hint where there is nothing.

    Raises:
        NoSuchStrategy: it means neither, or more than one.
    """
    there, broken, name = list(there), list(broken), name.strip()
    file, _, wanted = name.rpartition(":")
    if file:
        return _within(file.removesuffix(".py"), wanted, there, broken)
    own = [each for each in there if not each.bundled]
    if found := alike(name, own):
        return _only(name, found)
    for fault in broken:
        path = Path(str(fault.file))
        if plain(name) in map(plain, (path.stem, *_CLASS.findall(text_of(path)))):
            return fault
    if found := [each for each in own if plain(_home(each)) == plain(name)]:
        return _only(name, found)
    if found := alike(name, [each for each in there if each.bundled]):
        return found[0]
    classes = (each for path in others for each in _CLASS.findall(text_of(path)))
    raise NoSuchStrategy(_nothing(name, [*(each.name for each in there), *classes]))


def key_of(strategy: T, there: Sequence[T], broken: Sequence[F]) -> str:
    """The shortest name that means it and nothing else: its class, if that does."""
    try:
        if meant(strategy.name, there, broken) is strategy:
            return strategy.name
    except NoSuchStrategy:
        pass
    return f"{_home(strategy)}:{strategy.name}"


def may_hold(path: Path, name: str) -> bool:
    """Whether a file may hold what a name means, by its text alone."""
    return plain(name) in map(plain, (path.stem, *_BOUND.findall(text_of(path))))


def alike(name: str, among: Iterable[T]) -> list[T]:
    """Those of that very class; if there are none, those of one that is written differently."""
    found = [each for each in among if plain(each.name) == plain(name)]
    return [each for each in found if each.name == name] or found


def plain(name: str) -> str:
    """A name without what people write differently: `EmaCross`, `ema-cross` and `ema_cross` are one."""
    return re.sub(r"[-_ ]", "", name).lower()


def text_of(path: Path) -> str:
    """A file's text, as far as it is one."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _within(file: str, wanted: str, there: list[T], broken: list[F]) -> T | F:
    for fault in broken:
        if Path(str(fault.file)).stem == file:
            return fault
    within = [each for each in there if _home(each) == file]
    if not within:
        raise NoSuchStrategy(f"There is no file {file[:LONGEST]!r} among your strategies.")
    if found := alike(wanted, within):
        return found[0]
    has = ", ".join(each.name for each in within)
    raise NoSuchStrategy(f"{file} has no strategy {wanted[:LONGEST]!r}. It has: {has}.")


def _only(name: str, found: list[T]) -> T:
    if len(found) == 1:
        return found[0]
    choices = " or ".join(f"{_home(each)}:{each.name}" for each in found)
    raise NoSuchStrategy(f"{name[:LONGEST]!r} may be {len(found)} of your strategies. Say which: {choices}.")


def _home(each: Named) -> str:
    """What stands before the colon: the name of a person's file, the module of a bundled strategy."""
    return each.reference.rpartition(":")[0] if each.bundled else Path(each.file).stem


def _nothing(name: str, names: list[str]) -> str:
    known = {plain(each): each for each in names[:200]}
    near = [known[each] for each in difflib.get_close_matches(plain(name), known, n=3)]
    hint = f"Did you mean {' or '.join(near)}?" if near else f"There are {', '.join(known.values())}."
    return f"There is no strategy {name[:LONGEST]!r}. {hint}"
