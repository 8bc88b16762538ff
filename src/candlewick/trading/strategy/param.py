"""`Param`: a number, word or switch of a strategy, with the values that make sense for it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Generic, Self, TypeVar, overload

from candlewick.core.errors import UsageError, shown

Value = TypeVar("Value", bound=int | float | bool | str)


class Param(Generic[Value]):
    """A parameter of a strategy, declared in its class: `fast = Param(12, low=5, high=50)`.

    What it is follows from its default: a whole number, a fraction, a switch, or a word of `choices`.

    Args:
        default: its value where none is given.
        low, high: bounds of a number, both allowed.
        step: the grid that a search walks; 1 for whole numbers unless given.
        choices: the values there are, instead of bounds.
    """

    def __init__(
        self,
        default: Value,
        *,
        low: float | None = None,
        high: float | None = None,
        step: float | None = None,
        choices: Sequence[Value] | None = None,
    ) -> None:
        self.name = ""
        self.default = default
        self.kind: type = type(default)
        self.low, self.high = low, high
        self.step = 1 if step is None and self.kind is int else step
        self.choices: tuple[Any, ...] | None = None
        if choices is not None:
            self.choices = tuple(choices)
        elif self.kind is bool:
            self.choices = (False, True)
        if self.kind is str and self.choices is None:
            raise UsageError(f"The parameter {default!r} is a word: name its choices.")
        if low is not None and high is not None and low > high:
            raise UsageError(f"The bounds of a parameter are {low:g} to {high:g}: the lower one comes first.")

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name
        self.read(owner.__name__, self.default)

    @overload
    def __get__(self, strategy: None, owner: type) -> Self: ...

    @overload
    def __get__(self, strategy: object, owner: type) -> Value: ...

    def __get__(self, strategy: Any, owner: type) -> Self | Value:
        if strategy is None:
            return self
        value: Value = strategy.__dict__.get(self.name, self.default)
        return value

    def __set__(self, strategy: Any, value: Value) -> None:
        strategy.__dict__[self.name] = self.read(type(strategy).__name__, value)

    def read(self, strategy: str, value: Any) -> Value:
        """`value` as this parameter's kind.

        Raises:
            UsageError: it is of another kind, or not among what is allowed.
        """
        read: Value | None = self._convert(value)
        if read is None or not self._allows(read):
            raise UsageError(f"{self.name} of {strategy} is {shown(value)}: give {self.allowed}.")
        return read

    @property
    def allowed(self) -> str:
        """What may be given, in words."""
        if self.choices is not None:
            return " or ".join([", ".join(map(repr, self.choices[:-1])), repr(self.choices[-1])])
        kind = "a whole number" if self.kind is int else "a number"
        match self.low, self.high:
            case None, None:
                return kind
            case None, high:
                return f"{kind} of at most {high:g}"
            case low, None:
                return f"{kind} of at least {low:g}"
            case low, high:
                return f"{kind} from {low:g} to {high:g}"

    def grid(self, most: int = 1_000) -> list[Value]:
        """The values that a search over a grid tries, lowest first.

        Raises:
            UsageError: it has no bounds or no step, or more than `most` values.
        """
        if self.choices is not None:
            return list(self.choices)
        if self.low is None or self.high is None or self.step is None:
            raise UsageError(f"{self.name} has no grid: give it low, high and step.")
        try:
            count = math.floor((self.high - self.low) / self.step + 1e-9) + 1
        except OverflowError:  # so many that no float counts them
            raise UsageError(
                f"{self.name} has values without end on its grid: give it a larger step."
            ) from None
        if count > most:
            raise UsageError(f"{self.name} has {count:,} values on its grid: give it a larger step.")
        values = [self.low + n * self.step for n in range(count)]
        return [self.kind(round(value, 12)) for value in values]

    def _convert(self, value: Any) -> Any:
        if isinstance(value, str) and self.kind is not str:
            value = _number(value) if self.kind is not bool else {"true": True, "false": False}.get(value)
        if value is None:
            return None
        if self.kind is bool:
            return value if isinstance(value, bool) else None
        if self.kind is str:
            return value if isinstance(value, str) else None
        if isinstance(value, bool) or (
            not isinstance(value, (int, float)) and not hasattr(value, "__float__")
        ):
            return None
        try:
            number = float(value)
        except OverflowError:  # a whole number beyond every float
            return None
        if not math.isfinite(number) or (self.kind is int and number != int(number)):
            return None
        return self.kind(number)

    def _allows(self, value: Any) -> bool:
        if self.choices is not None:
            return value in self.choices
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
