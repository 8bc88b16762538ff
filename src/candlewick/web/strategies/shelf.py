"""Strategies as pages and programs see them: described. None but the bundled ones run in this process."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from candlewick.core.errors import UsageError
from candlewick.research import loading
from candlewick.research.loading import Loaded
from candlewick.trading.strategy.param import Param


@dataclass(frozen=True, slots=True)
class Described:
    """A strategy that can be studied.

    Attributes:
        name: of its class.
        title: its docstring's first line; `idea`: the paragraphs after it.
        reference: what a study names it by; `source`: the text that goes along, empty of a bundled one.
        code: its text, for reading.
        timeframe: of the bars that it wants; empty: any.
    """

    name: str
    title: str
    idea: tuple[str, ...]
    reference: str
    code: str
    file: str
    is_bundled: bool
    signals_only: bool
    timeframe: str
    params: Mapping[str, Param[Any]]

    @property
    def source(self) -> str:
        return "" if self.is_bundled else self.code

    def read(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Its parameters' values: those given, each read as its kind, and its defaults.

        Raises:
            WrongParameters: some are unknown, or not among what is allowed; says which.
        """
        values = {name: param.default for name, param in self.params.items()}
        wrong: dict[str, str] = {}
        for name, value in given.items():
            if name not in self.params:
                near = difflib.get_close_matches(name, self.params, n=1)
                hint = (
                    f" Did you mean {near[0]}?" if near else f" It has: {', '.join(self.params) or 'none'}."
                )
                wrong[name] = f"{self.name} has no parameter {name[:40]!r}.{hint}"
                continue
            try:
                values[name] = self.params[name].read(self.name, value)
            except UsageError as error:
                wrong[name] = str(error)
        if wrong:
            raise WrongParameters(wrong)
        return values


class WrongParameters(UsageError):
    """Some parameters of a strategy cannot be; `errors` tells by name."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(" ".join(errors.values()))
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Broken:
    """A file whose strategies cannot be used: where, and why."""

    file: str
    line: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Shelf:
    """What there is to study, and which files are broken."""

    strategies: tuple[Described, ...]
    broken: tuple[Broken, ...] = ()

    def find(self, name: str) -> Described:
        """The strategy of a name.

        Raises:
            NoSuchStrategy: there is none.
        """
        for each in self.strategies:
            if each.name == name:
                return each
        raise NoSuchStrategy(name, [each.name for each in self.strategies])


class NoSuchStrategy(UsageError):
    """There is no strategy of that name."""

    def __init__(self, name: str, known: list[str]) -> None:
        near = difflib.get_close_matches(name, known, n=2)
        hint = f"Did you mean {' or '.join(near)}?" if near else f"There are {', '.join(known)}."
        super().__init__(f"There is no strategy {name[:60]!r}. {hint}")


def shelf() -> Shelf:
    """All strategies: the bundled ones first."""
    return Shelf(tuple(_bundled(name) for name in loading.BUNDLED))


@cache
def _bundled(name: str) -> Described:
    return _described(loading.bundled_of(name))


def _described(loaded: Loaded) -> Described:
    text = inspect.getdoc(loaded.strategy) or ""
    paragraphs = [" ".join(each.split()) for each in text.split("\n\n")]
    return Described(
        name=loaded.name,
        title=loaded.title,
        idea=tuple(paragraphs[1:]),
        reference=loaded.reference,
        code=loaded.source,
        file=loaded.file.name,
        is_bundled=loaded.bundled,
        signals_only=loaded.strategy.signals_only(),
        timeframe=loaded.strategy.timeframe,
        params=loaded.strategy.parameters(),
    )
