"""What a search looks for, and what it must not do: `"sharpe"`, `"-turnover"`, `"trades >= 30"`."""

from __future__ import annotations

import difflib
import math
import operator
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from candlewick.backtest.figures import UnknownMetric
from candlewick.backtest.registry import METRICS, Figure
from candlewick.backtest.result import Result
from candlewick.core.errors import UsageError

Score = Callable[[Result], Figure]
Objectives = str | Score | Sequence[str | Score]

_COMPARE: Final[Mapping[str, Callable[[float, float], bool]]] = {
    ">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt,
}  # fmt: skip
_RULE: Final = re.compile(r"\s*(\S+?)\s*(>=|<=|>|<)\s*(\S+)\s*")
_NEVER: Final = math.inf


@dataclass(frozen=True, slots=True)
class Objective:
    """One thing that is wanted.

    Attributes:
        name: of the metric, or of the function.
        sign: 1 where more is better, -1 where less is.
        of: computes it; None: a metric does.
    """

    name: str
    sign: int = 1
    of: Score | None = None


@dataclass(frozen=True, slots=True)
class Constraint:
    """A comparison that must hold; each side is a number, a parameter or a metric."""

    text: str
    left: str | float
    sign: str
    right: str | float

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(each for each in (self.left, self.right) if isinstance(each, str))

    def excess(self, values: Mapping[str, Any]) -> float:
        """By how much it is broken, as a part of both sides; 0: it holds; infinite where one is undefined."""
        left, right = self._value(self.left, values), self._value(self.right, values)
        if left is None or right is None:
            return _NEVER
        if _COMPARE[self.sign](left, right):
            return 0.0
        both = abs(left) + abs(right)  # rules about trades and about fractions are to weigh the same
        return max(abs(left - right) / both if both else 0.0, math.ulp(1.0))  # both may be equal: `a < b`

    @staticmethod
    def _value(side: str | float, values: Mapping[str, Any]) -> float | None:
        value = values[side] if isinstance(side, str) else side
        return None if value is None else float(value)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a trial is worth.

    Attributes:
        scores: one an objective, more is better; None where it is undefined.
        excess: by how much it breaks the constraints; 0: it may be chosen.
        reason: why it may not, as a sentence; empty if it may.
    """

    scores: tuple[float | None, ...]
    excess: float
    reason: str


@dataclass(frozen=True, slots=True)
class Judge:
    """What is wanted, and what must hold.

    Attributes:
        shown: metrics that are wanted of every trial besides.
        fixed: parameters that are not searched.
    """

    objectives: tuple[Objective, ...]
    constraints: tuple[Constraint, ...] = ()
    shown: tuple[str, ...] = ()
    fixed: Mapping[str, Any] = field(default_factory=dict)

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that a trial needs, each once."""
        wanted = [each.name for each in self.objectives if each.of is None]
        wanted += [name for each in self.constraints for name in each.names if name in METRICS]
        return tuple(dict.fromkeys([*wanted, *self.shown]))

    def before(self, parameters: Mapping[str, Any]) -> Verdict | None:
        """Why a set needs not be run, since it breaks a constraint of parameters alone; None: it does not."""
        values = {**self.fixed, **parameters}
        own = [rule for rule in self.constraints if all(name in values for name in rule.names)]
        total, reason = _broken(own, values)
        return Verdict((None,) * len(self.objectives), total, reason) if total else None

    def __call__(
        self, parameters: Mapping[str, Any], figures: Mapping[str, Figure], error: str = ""
    ) -> Verdict:
        if error:
            return Verdict((None,) * len(self.objectives), _NEVER, error)
        values = {**figures, **self.fixed, **parameters}
        scores = tuple(
            None if (figure := figures[each.name]) is None else each.sign * float(figure)
            for each in self.objectives
        )
        for each, score in zip(self.objectives, scores, strict=True):
            if score is None:
                return Verdict(scores, _NEVER, f"{each.name} is undefined.")
        return Verdict(scores, *_broken(self.constraints, values))


def _broken(rules: Iterable[Constraint], values: Mapping[str, Any]) -> tuple[float, str]:
    """By how much rules are broken together, and the first that is, as a sentence."""
    total, reason = 0.0, ""
    for rule in rules:
        excess = rule.excess(values)
        if excess and not reason:
            told = ", ".join(f"{name} is {_written(values[name])}" for name in rule.names)
            reason = f"{rule.text} does not hold: {told}."
        total += excess
    return total, reason


def judge_of(
    objective: Objectives,
    constraints: Iterable[str] = (),
    fixed: Mapping[str, Any] | None = None,
    shown: Iterable[str] = (),
) -> Judge:
    """Read what a person wants.

    Args:
        fixed: the strategy's parameters, which constraints may name as well as metrics.
        shown: metrics that are wanted of every trial, whatever is searched for.

    Raises:
        UsageError: a metric is unknown or has no better side, or a constraint cannot be read.
    """
    asked = [objective] if isinstance(objective, str) or callable(objective) else list(objective)
    if not asked:
        raise UsageError('There is no objective: name a metric, such as objective="sharpe".')
    objectives = tuple(_objective(each) for each in asked)
    names = [each.name for each in objectives]
    if len(set(names)) < len(names):
        raise UsageError(f"The objectives are {', '.join(names)}: name each once.")
    if isinstance(constraints, str):
        constraints = (constraints,)
    fixed = fixed or {}
    numeric = [name for name, value in fixed.items() if isinstance(value, int | float)]
    rules = tuple(_constraint(each, numeric) for each in constraints)
    for name in shown:
        if name not in METRICS:
            raise UnknownMetric(name)
    return Judge(objectives, rules, tuple(shown), fixed)


def _objective(asked: str | Score) -> Objective:
    if not isinstance(asked, str):
        if not callable(asked):
            raise UsageError(f"The objective is {asked!r}: name a metric, or give a function of a Result.")
        name = getattr(asked, "__name__", type(asked).__name__)
        if name in METRICS:
            raise UsageError(f"The function {name} has the name of a metric: give it another one.")
        return Objective(name, 1, asked)
    sign, name = (asked[0], asked[1:].strip()) if asked[:1] in ("+", "-") else ("", asked.strip())
    if name not in METRICS:
        raise UnknownMetric(name)
    better = METRICS[name].better
    if not sign and better == "neither":
        raise UsageError(
            f'{name} is neither better high nor low: write "+{name}" to have more of it, "-{name}" for less.'
        )
    more = sign == "+" if sign else better == "higher"
    return Objective(name, 1 if more else -1)


def _constraint(text: str, parameters: Collection[str]) -> Constraint:
    read = _RULE.fullmatch(text)
    if read is None:
        raise UsageError(
            f'The constraint {text!r} cannot be read: write it as "trades >= 30" or "fast < slow", with '
            ">=, <=, > or <."
        )
    left, sign, right = read.groups()
    rule = Constraint(" ".join((left, sign, right)), _side(left, text, parameters), sign,
                      _side(right, text, parameters))  # fmt: skip
    if not rule.names:
        raise UsageError(f"The constraint {text!r} names no metric and no parameter.")
    return rule


def _side(word: str, text: str, parameters: Collection[str]) -> str | float:
    try:
        number = float(word)
    except ValueError:
        if word in METRICS or word in parameters:
            return word
        near = difflib.get_close_matches(word, [*METRICS, *parameters], n=3)
        hint = f"Did you mean {' or '.join(near)}?" if near else f"Use one of {', '.join(METRICS)}."
        raise UsageError(
            f"{word!r} in the constraint {text!r} is no metric and no parameter. {hint}"
        ) from None
    if not math.isfinite(number):
        raise UsageError(f"The constraint {text!r} compares with {word}: give a number.")
    return number


def _written(value: Any) -> str:
    return "undefined" if value is None else f"{value:.6g}" if isinstance(value, int | float) else str(value)
