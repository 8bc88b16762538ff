"""The form that puts a strategy to work: what was typed, and the same as a program would ask for."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from pydantic import ValidationError

from candlewick.core.errors import UsageError
from candlewick.web.api.strategies import Start
from candlewick.web.research.form import truth
from candlewick.web.strategies.shelf import Book, WrongParameters

_FAULTS: Final = {
    "strategy": ("strategy", "Choose a strategy."),
    "symbols": ("symbols", "Name what it trades, fifty markets at most: BTCUSDT."),
    "timeframe": ("timeframe", "Choose which bars."),
    "parameters": ("parameters", "Give its parameters values that they may have."),
    "fraction": ("share", "Say how much of the account it may use in per cent, to six places at most."),
    "account": ("account", "Choose an account."),
    "confirm_live": ("confirm_live", "That is not the account's name."),
}
"""By what a program would have got wrong: the field that was typed in, and what to say at it."""


class Wrong(UsageError):
    """What was typed cannot be; `errors` tells by field."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(" ".join(errors.values()))
        self.errors = dict(errors)


def read(typed: Mapping[str, str], book: Book) -> Start:
    """What was typed, as a request.

    Raises:
        Wrong: something in it cannot be.
    """
    given = {name: truth(typed[f"p_{name}"]) for name in book.params if typed.get(f"p_{name}", "").strip()}
    try:
        parameters = book.read(given)
    except WrongParameters as error:
        raise Wrong({f"p_{name}": text for name, text in error.errors.items()}) from None
    asked: dict[str, Any] = {
        "strategy": book.key,
        "symbols": [each for each in typed.get("symbols", "").replace(",", " ").split() if each],
        "timeframe": typed.get("timeframe", ""),
        "parameters": parameters,
        "fraction": _part(typed.get("share", "")),
        "account": typed.get("account") or None,
        "confirm_live": typed.get("confirm_live") or None,
    }
    try:
        return Start.model_validate(asked)
    except ValidationError as error:
        raise Wrong(dict(_FAULTS[str(each["loc"][0])] for each in error.errors())) from None


def _part(text: str) -> Decimal:
    try:
        share = Decimal(text.strip())
    except InvalidOperation:
        raise Wrong({"share": "Say how much of the account it may use, in per cent."}) from None
    if not 0 < share <= 100:
        raise Wrong({"share": "It may use more than 0 and at most 100 per cent of the account."})
    return share / 100
