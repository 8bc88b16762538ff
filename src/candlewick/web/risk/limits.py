"""The form of an account's limits: what each is, as it stands, and what somebody typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from candlewick.web.components.figures import fixed

# name, title, unit, what it does
_FIELDS: Final = (
    ("max_order_notional", "One order", "money", "Value of a single order."),
    ("max_position_notional", "One position", "money", "Value of a position, working orders included."),
    ("max_gross_notional", "All positions", "money", "Value of all positions together, orders included."),
    ("max_leverage", "Leverage", "×", "Of any perpetual."),
    ("max_margin_pct", "Margin", "%", "Initial margin of positions and orders, of equity."),
    ("price_band_pct", "Price band", "%", "How far from the mark a price may be, on the side that hurts."),
    (
        "max_daily_loss",
        "Loss in a day",
        "money",
        "Since 00:00 UTC; from then on it may only reduce.",
    ),
    ("max_daily_loss_pct", "Loss in a day", "%", "The same, of the equity the day began with."),
    ("max_drawdown_pct", "Drawdown", "%", "From the highest equity; from then on it may only reduce."),
    ("max_sector_pct", "One sector", "%", "Exposure to one sector, of equity."),
    ("max_correlated_pct", "What moves together", "%", "Exposure to one group of correlated instruments."),
    ("max_open_orders", "Open orders", "count", "Working at the same time."),
    ("max_orders_per_minute", "Orders a minute", "count", "New orders and amendments in any 60 s."),
    ("max_data_age_s", "Age of data", "s", "How old the instrument's last market message may be."),
    ("warn_pct", "Warn at", "%", "Use of a limit from which an alert is raised."),
)


@dataclass(frozen=True, slots=True)
class Field:
    """One limit in the form; an empty `text` means that it is off."""

    name: str
    title: str
    unit: str
    help: str
    text: str
    shown: str
    error: str = ""


def fields(
    limits: Mapping[str, Any],
    currency: str,
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
) -> list[Field]:
    """The form as it stands, or as it was `typed`."""
    found = []
    for name, title, unit, help in _FIELDS:
        stands = "" if limits[name] is None else fixed(limits[name], None).replace(",", "")
        found.append(
            Field(
                name=name,
                title=title,
                unit={"money": currency, "count": ""}.get(unit, unit),
                help=help,
                text=(typed or {}).get(name, stands),
                shown="off" if limits[name] is None else fixed(limits[name], None),
                error=(errors or {}).get(name, ""),
            )
        )
    return found


def changes(typed: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """What was typed, as the engine takes it, and what cannot be taken, by field."""
    wanted: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for name, _, unit, _ in _FIELDS:
        text = typed.get(name, "").replace(",", "").strip()
        if not text:
            wanted[name] = None
            continue
        number = _number(text)
        if number is None or number < 0 or (unit == "count" and number != int(number)):
            errors[name] = "Type a number of 0 or more, or nothing to switch the limit off."
        else:
            wanted[name] = int(number) if unit == "count" else text
    if not typed.get("warn_pct", "").strip():
        errors["warn_pct"] = "Type a part of a limit, such as 80."
    wanted["halt_on_breach"] = typed.get("halt_on_breach") == "on"
    return wanted, errors


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
