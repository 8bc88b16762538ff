"""The kinds of studies: what each asks for beside a strategy and its bars, and what it is headed by.

A kind is offered as soon as `runtime.jobs.registry` knows it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from ninja import Schema
from pydantic import ConfigDict, Field

from candlewick.core.interval import INTERVALS
from candlewick.runtime.jobs import registry

Value = bool | int | Annotated[float, Field(allow_inf_nan=False)] | Annotated[str, Field(max_length=100)]
_EXAMPLE: Final[dict[str, Any]] = {
    "strategy": "EmaCross",
    "parameters": {"fast": 12, "slow": 26},
    "symbols": ["BTCUSDT"],
    "timeframe": "1h",
    "timerange": "20240101-20240601",
    "slippage_bps": 1,
}


class AskedStudy(Schema):
    """A strategy, the bars that it runs on, and what trading costs."""

    model_config = ConfigDict(extra="forbid")

    strategy: Annotated[
        str, Field(min_length=1, max_length=200, description="A strategy's name: `EmaCross`.")
    ]
    symbols: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=80)]],
        Field(min_length=1, max_length=50, description="Markets that are traded together, on one account."),
    ]
    timeframe: Literal[INTERVALS]  # type: ignore[valid-type]
    parameters: Annotated[
        dict[str, Value], Field(max_length=100, description="Those left out have their defaults.")
    ] = Field(default={})
    timerange: Annotated[
        str,
        Field(
            pattern=r"^(\d{8})?-(\d{8})?$",
            description="`20240101-20240601`: UTC days, the end not in it; an end may be left out.",
        ),
    ] = "-"
    cash: Annotated[float, Field(gt=0, le=1e15, allow_inf_nan=False)] = 10_000.0
    fee_taker: Annotated[
        float, Field(ge=-0.01, lt=0.1, allow_inf_nan=False, description="0.0005 is 0.05 %.")
    ] = 0.0005
    fee_maker: Annotated[float, Field(ge=-0.01, lt=0.1, allow_inf_nan=False)] = 0.0002
    slippage_bps: Annotated[float, Field(ge=0, lt=1_000, allow_inf_nan=False)] = 1.0
    leverage: Annotated[
        float | None, Field(ge=1, le=125, allow_inf_nan=False, description="Null: the strategy's own.")
    ] = None
    days_a_year: Annotated[float, Field(ge=1, le=366, allow_inf_nan=False)] = 365.0
    name: Annotated[str, Field(max_length=120, pattern=r"^[^\x00]*$")] = ""
    notes: Annotated[str, Field(max_length=20_000, pattern=r"^[^\x00]*$")] = ""
    draft: Annotated[bool, Field(description="Keep it, and run it when it is started.")] = False

    @property
    def settings(self) -> dict[str, Any]:
        """What the kind asks for beside what all ask for."""
        own = type(self).model_fields.keys() - AskedStudy.model_fields.keys()
        return {name: value for name, value in self.model_dump().items() if name in own and value is not None}


class AskedBacktest(AskedStudy):
    """A strategy over the bars that were asked for."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})


@dataclass(frozen=True, slots=True)
class Setting:
    """A field of a kind's form.

    Attributes:
        name: in the request.
        choices: of a list, value and title; empty of a field to type into.
        step: of a number; None: it is a text.
    """

    name: str
    label: str
    help: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    step: str | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of study.

    Attributes:
        kind: as `runtime.jobs` calls it; `path`: as addresses do.
        says: what question it answers.
        headline: figures of its summary that stand in lists.
    """

    kind: str
    path: str
    title: str
    plural: str
    says: str
    model: type[AskedStudy]
    headline: tuple[str, ...]
    settings: tuple[Setting, ...] = ()


_ALL: Final = (
    Kind(
        "backtest",
        "backtests",
        "Backtest",
        "Backtests",
        "What would it have made, and at which risk?",
        AskedBacktest,
        ("total_return", "sharpe", "max_drawdown", "trades"),
    ),
)


def kinds() -> dict[str, Kind]:
    """Those that can be asked for, by what `runtime.jobs` calls them."""
    return {each.kind: each for each in _ALL if each.kind in registry.KINDS}


def title_of(kind: str) -> str:
    """What a kind is called; one that is not offered here by its own word."""
    found = kinds().get(kind)
    return found.title if found else kind.replace("_", " ").capitalize()
