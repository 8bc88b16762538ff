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


class SearchRange(Schema):
    """The values of a number: from `low` to `high` by `step`; without one, any between (whole ones: by 1)."""

    model_config = ConfigDict(extra="forbid")

    low: Annotated[float, Field(allow_inf_nan=False)]
    high: Annotated[float, Field(allow_inf_nan=False)]
    step: Annotated[float | None, Field(gt=0, allow_inf_nan=False)] = None


class AskedSearch(AskedStudy):
    """A study that looks for parameters."""

    objective: Annotated[
        Annotated[str, Field(max_length=60)]
        | Annotated[list[Annotated[str, Field(max_length=60)]], Field(min_length=1, max_length=4)],
        Field(
            description="A metric, such as `sharpe`; `-turnover` wants less. Of several: the Pareto front."
        ),
    ] = "sharpe"
    method: Literal["grid", "random", "nsga2"] = "grid"
    trials: Annotated[int, Field(ge=1, le=100_000, description="At most; a grid runs all.")] = 200
    space: Annotated[
        dict[str, SearchRange | Annotated[list[Value], Field(min_length=1, max_length=1_000)]] | None,
        Field(min_length=1, max_length=50, description="What is searched. Null: all that has a range."),
    ] = None
    constraints: Annotated[
        list[Annotated[str, Field(max_length=120)]],
        Field(max_length=20, description="What must hold for a set to be chosen: `trades >= 30`."),
    ] = Field(default=[])
    seed: Annotated[int, Field(ge=0, le=2**31)] = 0


class AskedOptimisation(AskedSearch):
    """Many sets of parameters over the bars that were asked for."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "strategy": "EmaCross",
                    "symbols": ["BTCUSDT"],
                    "timeframe": "1h",
                    "timerange": "20240101-20240601",
                    "objective": "sharpe",
                    "space": {"fast": {"low": 5, "high": 20, "step": 5}, "slow": [20, 40, 80]},
                    "constraints": ["trades >= 30"],
                }
            ]
        },
    )


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

    @property
    def searches(self) -> bool:
        """Whether it looks for parameters, and so asks for ranges of them."""
        return issubclass(self.model, AskedSearch)


_METHODS: Final = (
    ("grid", "Grid: every set"),
    ("random", "Random: as many as trials"),
    ("nsga2", "Genetic (NSGA-II)"),
)
_SEARCH: Final = (
    Setting("objective", "Looks for", "A metric; several with commas between give a Pareto front."),
    Setting("method", "Method", choices=_METHODS),
    Setting("trials", "Trials at most", "A grid runs all of its sets.", step="1"),
    Setting("constraints", "Constraints", "With commas between: trades >= 30, max_drawdown > -0.3"),
    Setting("seed", "Seed", "The same one finds the same.", step="1"),
)


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
    Kind(
        "optimisation",
        "optimisations",
        "Optimisation",
        "Optimisations",
        "Which parameters would have been best, and do their neighbours do as well?",
        AskedOptimisation,
        ("sharpe", "total_return", "max_drawdown", "deflated_sharpe"),
        _SEARCH,
    ),
)


def kinds() -> dict[str, Kind]:
    """Those that can be asked for, by what `runtime.jobs` calls them."""
    return {each.kind: each for each in _ALL if each.kind in registry.KINDS}


def title_of(kind: str) -> str:
    """What a kind is called; one that is not offered here by its own word."""
    found = kinds().get(kind)
    return found.title if found else kind.replace("_", " ").capitalize()
