"""How a person likes their terminal; kept with them, the same in every browser."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from django.db import transaction
from pydantic import BaseModel, ConfigDict, Field, StrictBool, ValidationError

from candlewick.store.models import User

KEPT_BESIDE: Final = (
    "indicators",
    "panes",
)  # what people/charted.py and people/panes.py keep in the same place


class Preferences(BaseModel):
    """What may be chosen. What is not set yet has its default; what is unknown is refused by name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    confirm_orders: Annotated[StrictBool, Field(description="Ask before an order is sent")] = True
    confirm_cancels: Annotated[StrictBool, Field(description="Ask before orders are cancelled")] = False
    confirm_closes: Annotated[
        StrictBool, Field(description="Ask before a position is closed or reversed")
    ] = True
    confirm_drags: Annotated[StrictBool, Field(description="Ask before a dragged line amends an order")] = (
        True
    )
    hotkeys: Annotated[StrictBool, Field(description="Keys that trade: buy, sell, close, cancel")] = True
    sounds: Annotated[StrictBool, Field(description="A sound at fills and alerts")] = False
    size_by: Annotated[
        Literal["quantity", "notional", "equity_pct"], Field(description="How the ticket asks for size")
    ] = "quantity"


def of(user_id: int) -> Preferences:
    """What a person has chosen."""
    kept = User.objects.filter(pk=user_id).values_list("preferences", flat=True).first() or {}
    # A choice that this version does not know any more is forgotten, the others stand.
    known = {name: value for name, value in kept.items() if name in Preferences.model_fields}
    try:
        return Preferences.model_validate(known)
    except ValidationError:
        return Preferences()


def keep(user_id: int, preferences: Preferences) -> None:
    """Store what a person has chosen; what else is kept with it (`charted`, `panes`) stays."""
    with transaction.atomic():
        user = User.objects.select_for_update().only("preferences").get(pk=user_id)
        others = {name: value for name, value in user.preferences.items() if name in KEPT_BESIDE}
        user.preferences = others | preferences.model_dump(mode="json")
        user.save(update_fields=["preferences"])
