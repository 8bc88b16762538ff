"""`Spec`: what is asked for when a strategy is started."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal
from typing import Any, Final

import msgspec

from candlewick.core.errors import UnknownInterval, UsageError
from candlewick.core.interval import seconds

MOST_MARKETS: Final = 50
_CENTS: Final = Decimal("0.01")


class Spec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to run.

    Attributes:
        strategy: class in the source that is kept beside it; `module:Class` where there is none.
        parameters: of the strategy, by name; the others have their defaults.
        symbols: internal ids of the instruments that it trades together.
        timeframe: of its bars.
        fraction: the part of the account's equity that is its capital when it begins; or
        amount: so much, in the account's currency. One of them is given.
        keep_position: what it holds when it is stopped is left to the account, and not closed.
    """

    strategy: str
    symbols: list[str]
    timeframe: str
    parameters: dict[str, Any] = {}
    fraction: Decimal | None = None
    amount: Decimal | None = None
    keep_position: bool = False

    def check(self) -> None:
        """Whether it makes sense by itself.

        Raises:
            UsageError: it does not; says what of it, the field's name before the sentence.
        """
        try:
            seconds(self.timeframe)
        except UnknownInterval as error:
            raise UsageError(f"timeframe: {error}") from None
        if not self.symbols:
            raise UsageError("symbols: a strategy needs at least one market: name it.")
        if len(self.symbols) > MOST_MARKETS:
            raise UsageError(
                f"symbols: {len(self.symbols)} are too many for one strategy: {MOST_MARKETS} at most."
            )
        twice = {each for each in self.symbols if self.symbols.count(each) > 1}
        if twice:
            raise UsageError(f"symbols: {min(twice)} stands there more than once: give each market once.")
        if (self.fraction is None) == (self.amount is None):
            raise UsageError(
                "fraction: say how much the strategy may use: a fraction of the account, or an amount."
            )
        if self.fraction is not None and not (self.fraction.is_finite() and 0 < self.fraction <= 1):
            raise UsageError(
                f"fraction: {self.fraction} is no part of the account: give one above 0 and at most 1."
            )
        if self.amount is not None and not (self.amount.is_finite() and self.amount > 0):
            raise UsageError(f"amount: {self.amount} is nothing to begin with: give a sum above zero.")

    def capital(self, equity: Decimal) -> Decimal:
        """What it begins with on an account that is worth `equity`.

        Raises:
            UsageError: the account has not got so much.
        """
        if self.amount is None:
            assert self.fraction is not None
            return (self.fraction * equity).quantize(_CENTS, ROUND_DOWN)
        if self.amount > equity:
            raise UsageError(
                f"The account is worth {equity:,.2f}, less than the {self.amount:,.2f} asked for."
            )
        return self.amount


def read(document: Any) -> Spec:
    """A specification from JSON; it is checked.

    Raises:
        UsageError: something in it is unknown, missing or of the wrong type.
    """
    try:
        spec = msgspec.convert(document, Spec, strict=False)
    except msgspec.ValidationError as error:
        raise UsageError(f"What the strategy is to do cannot be read: {error}.") from None
    spec.check()
    return spec


def write(spec: Spec) -> dict[str, Any]:
    """As JSON has it; sums as text."""
    plain: dict[str, Any] = msgspec.to_builtins(spec)
    return plain
