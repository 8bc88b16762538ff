"""Which indicators a person's charts show, and how each looks; the same in every browser."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Annotated, Any, Final, Literal

from django.db import transaction
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from candlewick.core.errors import UsageError
from candlewick.market.indicators.catalogue import MOST_AT_ONCE, described, parse
from candlewick.store.models import User

Color = Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$", description="As #rrggbb")]
_KEPT_AS: Final = "indicators"  # beside the preferences, which leave it alone


class Charted(BaseModel):
    """An indicator on a chart. What is left out looks as it usually does."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: Annotated[str, Field(max_length=80, description="As ema:20 or macd:12:26:9")]
    colors: Annotated[dict[str, Color], Field(description="By line")] = Field(default_factory=dict)
    width: Annotated[int, Field(ge=1, le=4, strict=True, description="Of its lines, in pixels")] = 1
    style: Literal["solid", "dashed", "dotted"] = "solid"
    hidden: Annotated[StrictBool, Field(description="Kept, and not drawn")] = False

    @model_validator(mode="before")
    @classmethod
    def _as_the_catalogue_has_it(cls, given: Any) -> Any:
        """The key with every number written out, and colours of lines that there are."""
        if not isinstance(given, dict) or not isinstance(given.get("key"), str):
            return given
        try:
            study = parse(given["key"][:80])
        except UsageError as error:
            raise PydanticCustomError("indicator", "{sentence}", {"sentence": str(error)}) from None
        colors = given.get("colors")
        for line in colors if isinstance(colors, dict) else ():
            if line not in study.lines:
                sentence = f"{study.key} has no line {str(line)[:40]!r}: it has {', '.join(study.lines)}."
                raise PydanticCustomError("indicator", "{sentence}", {"sentence": sentence})
        return given | {"key": study.key}


def _each_once(indicators: tuple[Charted, ...]) -> tuple[Charted, ...]:
    keys = [each.key for each in indicators]
    twice = next((key for key in keys if keys.count(key) > 1), None)
    if twice is not None:
        raise PydanticCustomError("indicator", "{key} is there twice: change its numbers.", {"key": twice})
    return indicators


Indicators = Annotated[tuple[Charted, ...], AfterValidator(_each_once)]


class Charts(BaseModel):
    """What a chart shows: indicators in the order in which they are listed."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [{"indicators": [{"key": "ema:50", "colors": {"ema": "#7cc4ff"}, "width": 2}]}]
        },
    )

    indicators: Annotated[Indicators, Field(max_length=MOST_AT_ONCE)]


USUAL: Final = Charts(indicators=(Charted(key="ema:20"), Charted(key="rsi:14")))


def of(user_id: int) -> Charts:
    """What a person's charts show; what this version cannot draw any more is left out."""
    kept = User.objects.filter(pk=user_id).values_list("preferences", flat=True).first() or {}
    if _KEPT_AS not in kept:
        return USUAL
    return Charts(indicators=drawable(kept[_KEPT_AS]))


def keep(user_id: int, charts: Charts) -> None:
    """Store what a person's charts show."""
    with transaction.atomic():
        user = User.objects.select_for_update().only("preferences").get(pk=user_id)
        user.preferences[_KEPT_AS] = charts.model_dump(mode="json")["indicators"]
        user.save(update_fields=["preferences"])


def drawable(kept: Iterable[Any]) -> tuple[Charted, ...]:
    """Indicators as they were kept, without those that this version does not know any more."""
    return tuple(each for each in map(_known, kept) if each is not None)


def kinds(indicators: Iterable[Charted]) -> list[dict[str, Any]]:
    """The catalogue's rows of what is shown: enough to draw it before the whole catalogue is fetched."""
    names = {each.key.partition(":")[0] for each in indicators}
    return [kind for kind in _catalogue() if kind["name"] in names]


@cache
def _catalogue() -> list[dict[str, Any]]:
    """The whole of it, which no page changes: to write it anew would take longer than the rest of a page."""
    return described()


def _known(row: Any) -> Charted | None:
    try:
        return Charted.model_validate(row)
    except ValidationError:
        return None
