"""Strategies as pages and programs see them. A person's own files never run in this process."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from candlewick.core.errors import UsageError
from candlewick.research.describing import Described, Looked, look
from candlewick.research.loading import FOLDER, files
from candlewick.trading.strategy.param import Param
from candlewick.web.research.shown.words import Words, words_of

LIMIT_S: Final = 5.0  # a file that takes longer is told of as one that cannot be loaded


class WrongParameters(UsageError):
    """Some parameters of a strategy cannot be; `errors` tells by name."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(" ".join(errors.values()))
        self.errors = errors


@dataclass(frozen=True)
class Book:
    """A strategy on the shelf.

    Attributes:
        key: what names it on pages and to programs, and means it alone.
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
        return words_of(self.told.title) if self.told.title else []

    @property
    def idea(self) -> list[list[Words]]:
        """The paragraphs of its docstring after the first line."""
        return [words_of(" ".join(each.split())) for each in self.told.text.split("\n\n")[1:]]

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


@dataclass(frozen=True)
class Shelf:
    """What there is to study and to put to work, and which files are broken."""

    looked: Looked

    @cached_property
    def books(self) -> tuple[Book, ...]:
        return tuple(Book(self.looked.key_of(each), each) for each in self.looked.strategies)

    @cached_property
    def broken(self) -> tuple[Broken, ...]:
        return tuple(Broken(Path(each.file).name, each.line, each.reason) for each in self.looked.broken)

    def find(self, name: str) -> Book:
        """The strategy that a name means.

        Raises:
            NoSuchStrategy: it means none that can be run, or more than one; says which there are, or why.
        """
        told = self.looked.find(name)
        return next(each for each in self.books if each.told is told)

    def studied(self, reference: str, source: str) -> Book | None:
        """The strategy that a study or one at work is of, by what it keeps; None: it has gone."""
        found = [
            each
            for each in self.books
            if each.told.reference == reference and each.told.bundled == (not source)
        ]
        return next((each for each in found if each.source == source), found[0] if found else None)


class _Kept:
    """What was seen when the files were last looked at: they are looked at again when one has changed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stamp: tuple[Any, ...] | None = None
        self._shelf = Shelf(Looked((), ()))

    def shelf(self, folder: Path) -> Shelf:
        with self._lock:  # one at a time: a file may take seconds, and need not take them twice
            stamp = _stamp(folder)
            if stamp != self._stamp:
                self._shelf, self._stamp = Shelf(look(folder, limit_s=LIMIT_S)), stamp
            return self._shelf


_kept = _Kept()


def shelf() -> Shelf:
    """All strategies: the bundled ones first, then those of the data folder as they are now."""
    return _kept.shelf(settings.DATA_DIR / FOLDER)


def _stamp(folder: Path) -> tuple[Any, ...]:
    stamps = []
    for path in files(folder):
        try:
            found = path.stat()
        except OSError:  # removed meanwhile
            continue
        stamps.append((path, found.st_mtime_ns, found.st_size))
    return (folder, *stamps)
