"""The charts that a person has side by side: how many, and of each its symbol, interval and indicators."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from django.db import transaction
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from candlewick.core.interval import INTERVALS
from candlewick.store.models import User
from candlewick.web.people.charted import Charted, Indicators, drawable

MOST: Final = 6
MOST_INDICATORS: Final = 8  # of a pane: six of them stay within the channels that one connection may have
_KEPT_AS: Final = "panes"  # beside the preferences, which leave it alone


class Pane(BaseModel):
    """One of the charts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    symbol: Annotated[str, Field(min_length=1, max_length=80)]
    interval: Literal[INTERVALS]  # type: ignore[valid-type]
    indicators: Annotated[Indicators, Field(max_length=MOST_INDICATORS)] = ()


class Panes(BaseModel):
    """How many charts are shown, and what each shows; those beyond are kept for when more are shown again."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "shown": 2,
                    "panes": [
                        {"symbol": "BTCUSDT-PERP", "interval": "1h", "indicators": [{"key": "ema:50"}]},
                        {"symbol": "ETHUSDT-PERP", "interval": "1h", "indicators": []},
                    ],
                }
            ]
        },
    )

    shown: Literal[1, 2, 4, 6] = 4
    panes: Annotated[tuple[Pane, ...], Field(max_length=MOST)] = ()


def of(user_id: int) -> Panes:
    """What a person has chosen, symbols by internal id; what cannot be drawn any more is left out."""
    kept = User.objects.filter(pk=user_id).values_list("preferences", flat=True).first() or {}
    try:
        panes = kept[_KEPT_AS]["panes"]
        return Panes.model_validate(kept[_KEPT_AS] | {"panes": [_known(each) for each in panes]})
    except (KeyError, TypeError, ValidationError):  # never chosen, or kept by another version
        return Panes()


def keep(user_id: int, chosen: Panes) -> None:
    """Store what a person has chosen."""
    with transaction.atomic():
        user = User.objects.select_for_update().only("preferences").get(pk=user_id)
        user.preferences[_KEPT_AS] = chosen.model_dump(mode="json")
        user.save(update_fields=["preferences"])


def filled(chosen: Panes, symbols: list[str], usual: tuple[Charted, ...]) -> Panes:
    """As many panes as there may be: those that were not chosen yet show what is watched, each in turn."""
    others = [
        Pane(symbol=symbols[at % len(symbols)], interval="15m", indicators=usual[:MOST_INDICATORS])
        for at in range(len(chosen.panes), MOST)
    ]
    return chosen.model_copy(update={"panes": (*chosen.panes, *others)})


def _known(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"indicators": drawable(row["indicators"])}
