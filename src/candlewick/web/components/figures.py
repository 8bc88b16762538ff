"""Numbers as people read them, exactly as `static/js/format.js` writes them when they move."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any, Final

UNKNOWN: Final = "—"
_MINUS: Final = "−"
Number = Decimal | int | float | None


@dataclass(frozen=True, slots=True)
class Figure:
    """A number's text, and its direction: `up`, `down` or none."""

    text: str
    way: str = ""

    def __str__(self) -> str:
        return self.text


def fixed(value: Number, places: int | None = 2) -> str:
    """`67,412.50`; without `places` as many decimals as the value needs, eight at most."""
    if value is None:
        return UNKNOWN
    number = Decimal(str(value)) if isinstance(value, float) else Decimal(value)
    with localcontext() as context:
        context.rounding = ROUND_HALF_UP  # as browsers round
        text = f"{number:,.{8 if places is None else places}f}"
    if places is None:
        text = text.rstrip("0").rstrip(".")
    return _unsigned_zero(text).replace("-", _MINUS)


def signed(value: Number, places: int | None = 2) -> Figure:
    """`+223.65` with its direction; zero has neither sign nor direction."""
    text = fixed(value, places)
    if value is None or not any(digit in "123456789" for digit in text):
        return Figure(text)
    return Figure(text if value < 0 else f"+{text}", "down" if value < 0 else "up")


def percent(value: Number, places: int = 2) -> Figure:
    """`+2.31%` of a value in percent."""
    figure = signed(value, places)
    return figure if value is None else Figure(f"{figure.text}%", figure.way)


def share(value: Number, places: int = 1) -> str:
    """`41.0%`, without a sign of its own."""
    return UNKNOWN if value is None else f"{fixed(value, places)}%"


def amount(value: Number) -> str:
    """`12` of what is whole, `12.50` of what is not."""
    return fixed(value, 0 if value is not None and value == int(value) else 2)


def counted(number: int, noun: str) -> str:
    """`1 order`, `2 orders`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def lasting(seconds: int | None) -> str:
    """`3 d 4 h`, `3 h 12 m`, `4 m 09 s`, `12 s`: the two largest units of a stretch of time."""
    if seconds is None:
        return UNKNOWN
    minutes, seconds = divmod(max(0, seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes:02d} m"
    return f"{minutes} m {seconds:02d} s" if minutes else f"{seconds} s"


def decimals(step: Any) -> int | None:
    """How many decimals a step such as 0.01 has; None where it is unknown."""
    if step is None or step == "":
        return None
    exponent = Decimal(str(step)).normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else None


def price_places(instrument: Mapping[str, Any] | None) -> int | None:
    return decimals(instrument.get("tick")) if instrument else None


def quantity_places(instrument: Mapping[str, Any] | None) -> int | None:
    return decimals(instrument.get("lot")) if instrument else None


def _unsigned_zero(text: str) -> str:
    return text.lstrip("-") if text.startswith("-") and not any(d in "123456789" for d in text) else text
