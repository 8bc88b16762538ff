"""What an account is made of, and how large its perpetuals are beside it.

Coins and cash are owned: their shares are of what is owned in all, and add up to it. A perpetual is owned by
nobody: its notional stands beside, in percent of what the account is worth.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from candlewick.web.components import figures as text

_WHOLE: Final = Decimal(100)


@dataclass(frozen=True, slots=True)
class Bar:
    """One asset or perpetual: its value, its share, and how long its bar is, 0 to 100."""

    name: str
    side: str
    value: str
    share: str
    length: Decimal


def owned(balances: Iterable[Mapping[str, Any]]) -> list[Bar]:
    """Coins and cash, the largest first; a debt has no bar, and what cannot be valued no share."""
    known = [each for each in balances if each["total"]]
    whole = sum((each["value"] for each in known if each["value"] and each["value"] > 0), Decimal(0))
    bars = [
        Bar(
            name=each["currency"],
            side="debt" if each["total"] < 0 else "",
            value=text.fixed(each["value"]),
            share=text.share(_part(each["value"], whole)),
            length=_length(_part(each["value"], whole)),
        )
        for each in sorted(known, key=_by_value)
    ]
    return bars


def perpetuals(positions: Iterable[Mapping[str, Any]], equity: Decimal | None) -> list[Bar]:
    """Positions in perpetuals and futures, the largest first.

    Their bars are drawn to the scale of what is owned, unless one of them is larger than all of that.
    """
    held = [
        (each, None if each["notional"] is None else abs(each["notional"]))
        for each in positions
        if each["kind"] != "spot"
    ]
    whole = max([equity or Decimal(0), *(notional for _, notional in held if notional is not None)])
    return [
        Bar(
            name=each["symbol"],
            side=each["side"],
            value=text.fixed(notional),
            share=text.share(_part(notional, equity)),
            length=_length(_part(notional, whole)),
        )
        for each, notional in sorted(held, key=lambda one: -(one[1] or 0))
    ]


def _by_value(balance: Mapping[str, Any]) -> tuple[bool, Any, str]:
    value = balance["value"]
    return (value is None, -(value or 0), balance["currency"])


def _part(value: Decimal | None, whole: Decimal | None) -> Decimal | None:
    return None if value is None or not whole or whole < 0 else _WHOLE * value / whole


def _length(share: Decimal | None) -> Decimal:
    return Decimal(0) if share is None else round(min(max(share, Decimal(0)), _WHOLE), 1)
