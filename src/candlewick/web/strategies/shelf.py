"""Strategies as pages and programs see them. A person's own files never run in this process."""

from __future__ import annotations

import difflib
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from candlewick.core.errors import UsageError
from candlewick.research.describing import Described, look
from candlewick.research.loading import FOLDER, files
from candlewick.trading.strategy.param import Param

Words = tuple[bool, str]
"""Some of a text, and whether it is code."""
LIMIT_S: Final = 5.0  # a file that takes longer is told of as one that cannot be loaded


class NoSuchStrategy(UsageError):
    """There is no strategy of that name."""

    def __init__(self, name: str, known: list[str]) -> None:
        near = difflib.get_close_matches(name, known, n=2)
        hint = f"Did you mean {' or '.join(near)}?" if near else f"There are {', '.join(known)}."
        super().__init__(f"There is no strategy {name[:60]!r}. {hint}")


class WrongParameters(UsageError):
    """Some parameters of a strategy cannot be; `errors` tells by name."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(" ".join(errors.values()))
        self.errors = errors


@dataclass(frozen=True)
class Book:
    """A strategy on the shelf.

    Attributes:
        key: what names it on pages and to programs: its class, or `file:Class` where that is not enough.
        told: all that is known of it without running it.
    """

    key: str
    told: Described

    @property
    def source(self) -> str:
        """The text that goes along with a study; none with a bundled strategy."""
        return "" if self.told.bundled else self.told.source

    @property
    def file(self) -> str:
        return Path(self.told.file).name

    @property
    def title(self) -> list[Words]:
        """The first line of its docstring."""
        return _words(self.told.title) if self.told.title else []

    @property
    def idea(self) -> list[list[Words]]:
        """The paragraphs of its docstring after the first line."""
        return [_words(" ".join(each.split())) for each in self.told.text.split("\n\n")[1:]]

    @cached_property
    def params(self) -> dict[str, Param[Any]]:
        """Its parameters by name, able to read what is given."""
        found = {}
        for each in self.told.parameters:
            param: Param[Any] = Param(
                each.default, low=each.low, high=each.high, step=each.step, choices=each.choices
            )
            param.name = each.name
            found[each.name] = param
        return found

    def read(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Its parameters' values: those given, each read as its kind, and its defaults.

        Raises:
            WrongParameters: some are unknown, or not among what is allowed; says which.
        """
        values = {name: param.default for name, param in self.params.items()}
        wrong: dict[str, str] = {}
        for name, value in given.items():
            if name not in self.params:
                there = ", ".join(self.params) or "none"
                wrong[name] = f"{self.told.name} has no parameter {name[:40]!r}. It has: {there}."
                continue
            try:
                values[name] = self.params[name].read(self.told.name, value)
            except UsageError as error:
                wrong[name] = str(error)
        if wrong:
            raise WrongParameters(wrong)
        return values


@dataclass(frozen=True, slots=True)
class Broken:
    """A file whose strategies cannot be used: where, and why."""

    file: str
    line: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Shelf:
    """What there is to study, and which files are broken."""

    books: tuple[Book, ...]
    broken: tuple[Broken, ...] = ()

    def find(self, name: str) -> Book:
        """The strategy of a key.

        Raises:
            NoSuchStrategy: there is none.
        """
        for each in self.books:
            if each.key == name:
                return each
        raise NoSuchStrategy(name, [each.key for each in self.books])


class _Kept:
    """What was seen when the files were last looked at: they are looked at again when one has changed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stamp: tuple[Any, ...] | None = None
        self._shelf = Shelf(())

    def shelf(self, folder: Path) -> Shelf:
        with self._lock:  # one at a time: a file may take seconds, and need not take them twice
            stamp = _stamp(folder)
            if stamp != self._stamp:
                looked = look(folder, limit_s=LIMIT_S)
                broken = (Broken(Path(each.file).name, each.line, each.reason) for each in looked.broken)
                self._shelf, self._stamp = Shelf(tuple(_named(looked.strategies)), tuple(broken)), stamp
            return self._shelf


_kept = _Kept()


def shelf() -> Shelf:
    """All strategies: the bundled ones first, then those of the data folder as they are now."""
    return _kept.shelf(settings.DATA_DIR / FOLDER)


def _words(text: str) -> list[Words]:
    """A text in parts, those between backticks being code."""
    return [(bool(at % 2), part) for at, part in enumerate(text.split("`")) if part]


def _named(told: Iterable[Described]) -> list[Book]:
    """Each with its key: its class, and its file too where another one has that class already."""
    books: dict[str, Book] = {}
    for each in told:
        file = Path(each.file).stem
        key = each.name if each.name not in books else f"{file}:{each.name}"
        books[key] = Book(key, each)
    return list(books.values())


def _stamp(folder: Path) -> tuple[Any, ...]:
    stamps = []
    for path in files(folder):
        try:
            found = path.stat()
        except OSError:  # removed meanwhile
            continue
        stamps.append((path, found.st_mtime_ns, found.st_size))
    return (folder, *stamps)
