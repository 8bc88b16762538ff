"""Reading what people ask for: words, numbers and times of a request, each checked and told by its field."""

from __future__ import annotations

import itertools
import re
import secrets
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import msgspec

from candlewick.core.clock import NS_PER_MS, NS_PER_S
from candlewick.core.errors import UsageError

TYPES: Final = ("market", "limit", "stop", "stop_limit", "take_profit", "trailing_stop")
TIMES: Final = ("GTC", "IOC", "FOK", "GTD")
ORIGINS: Final = ("manual", "api", "strategy", "webhook", "system")
_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_UNKEPT: Final = re.compile(r"[\x00\ud800-\udfff]")
_counter = itertools.count(secrets.randbelow(32**3))


def new_order_id(now_ns: int) -> str:
    """An id that rises with time, and that nobody guesses: 16 letters of Crockford's base 32."""
    number = ((now_ns // NS_PER_MS) << 35) | (next(_counter) % 32**3) << 20 | secrets.randbits(20)
    letters = [_ALPHABET[number >> shift & 31] for shift in range(75, -1, -5)]
    return "".join(letters)


def choice(field: str, value: Any, choices: tuple[str, ...]) -> Any:
    """`value`, if it is one of `choices`."""
    if value not in choices:
        raise UsageError(f"{field}: {value!r} is none of {', '.join(choices)}.")
    return value


def words(field: str, value: str) -> str:
    """`value`, if every database can keep it: PostgreSQL keeps no NUL, and one would end the journal."""
    if _UNKEPT.search(value):
        raise UsageError(f"{field}: leave out the character NUL, and halves of characters.")
    return value


def decimal(field: str, value: Any) -> Decimal:
    """An exact number, from text or from a number of JSON."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or abs(number.adjusted()) > 18:
        raise UsageError(f"{field}: {str(value)[:40]!r} is no number that can be used here.")
    return number


def optional(field: str, value: Any) -> Decimal | None:
    """As `decimal`; None where nothing was given."""
    return None if value is None or value == "" else decimal(field, value)


def trail(value: Any) -> tuple[Decimal | None, Decimal | None]:
    """A distance in price (`150`) or in percent (`"1.5%"`)."""
    if value is None or value == "":
        return None, None
    text = str(value).strip()
    if text.endswith("%"):
        return None, decimal("trail", text[:-1])
    return decimal("trail", text), None


def moment(field: str, value: Any) -> int | None:
    """A time in ns UTC; None where nothing was given."""
    if value is None or value == "":
        return None
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise UsageError(
            f"{field}: {str(value)[:40]!r} is no ISO 8601 time, such as 2026-01-26T12:00:00Z."
        ) from None
    if moment.tzinfo is None:
        raise UsageError(f"{field}: say which time zone, such as 2026-01-26T12:00:00Z.")
    return round(moment.timestamp()) * NS_PER_S


def merged(old: Any, changes: dict[str, Any], kind: type[Any], what: str) -> Any:
    """`old` with `changes`, checked against the types of `kind`."""
    plain = msgspec.to_builtins(old)
    unknown = changes.keys() - plain.keys()
    if unknown:
        raise UsageError(f"{min(unknown)}: there is no such field among the {what}.")
    try:
        return msgspec.convert(plain | changes, kind, strict=False)
    except msgspec.ValidationError as error:
        raise UsageError(f"The {what} are not valid: {error}.") from None
