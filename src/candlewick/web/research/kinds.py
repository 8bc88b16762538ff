"""The kinds of studies: what each asks for beside a strategy and its bars, and what it is headed by.

A kind is offered as soon as `runtime.jobs.registry` knows it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from ninja import Schema
from pydantic import ConfigDict, Field

from candlewick.core.interval import INTERVALS
from candlewick.runtime.jobs import registry

Value = (
    bool
    | Annotated[int, Field(ge=-(2**63), lt=2**63)]  # what JSON is written with has no longer ones
    | Annotated[float, Field(allow_inf_nan=False)]
    | Annotated[str, Field(max_length=100)]
)
OBJECTIVE: Final = "objective"
OTHERS: Final = "others"
PAPER: Final = "paper"
NEWEST, NO_RUN = "newest", "none"
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

    model_config = ConfigDict(extra="forbid", strict=True)  # `false` is no number, nor 0 a truth value

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
    finer: Annotated[
        Literal[INTERVALS] | None,  # type: ignore[valid-type]
        Field(description="Shorter bars that decide what came first inside a bar. Null: the stop did."),
    ] = None
    cash: Annotated[float, Field(gt=0, le=1e15, allow_inf_nan=False)] = 10_000.0
    fee_taker: Annotated[
        float, Field(ge=-0.01, lt=0.1, allow_inf_nan=False, description="0.0005 is 0.05 %.")
    ] = 0.0005
    fee_maker: Annotated[float, Field(ge=-0.01, lt=0.1, allow_inf_nan=False)] = 0.0002
    slippage_bps: Annotated[float, Field(ge=0, lt=1_000, allow_inf_nan=False)] = 0.0
    leverage: Annotated[
        float | None, Field(ge=1, le=125, allow_inf_nan=False, description="Null: the strategy's own.")
    ] = None
    days_a_year: Annotated[
        float,
        Field(ge=1, le=366, allow_inf_nan=False, description="What yearly figures go by; 252 of stocks."),
    ] = 365.0
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

    model_config = ConfigDict(extra="forbid", strict=True)

    low: Annotated[float, Field(allow_inf_nan=False)]
    high: Annotated[float, Field(allow_inf_nan=False)]
    step: Annotated[float | None, Field(gt=0, allow_inf_nan=False)] = None


class AskedRanges(AskedStudy):
    """A study that tries sets of parameters."""

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


class AskedSearch(AskedRanges):
    """A study that looks for the best parameters."""

    objective: Annotated[
        Annotated[str, Field(max_length=60)]
        | Annotated[list[Annotated[str, Field(max_length=60)]], Field(min_length=1, max_length=4)],
        Field(
            description="A metric, such as `sharpe`; `-turnover` wants less. Of several: the Pareto front."
        ),
    ] = "sharpe"
    method: Literal["grid", "random", "tpe", "nsga2", "cmaes"] = "grid"


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


Days = Annotated[str, Field(pattern=r"^\d{1,4}[dwh]$", description="`90d`, `12w`, `48h`.")]


class AskedWalkForward(AskedSearch):
    """Parameters chosen on one stretch of time and judged on the next."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [_EXAMPLE | {"parameters": {}, "train": "60d", "test": "20d"}]},
    )

    train: Days = "90d"
    test: Days = "30d"
    anchored: Annotated[bool, Field(description="Each training begins at the first bar.")] = False


class AskedCrossValidation(AskedRanges):
    """Many histories out of one, each with parameters chosen on the rest. Constraints name parameters."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                _EXAMPLE | {"parameters": {}, "groups": 6, "test_groups": 2, "constraints": ["fast < slow"]}
            ]
        },
    )

    groups: Annotated[int, Field(ge=2, le=100, description="Stretches that the time is cut into.")] = 6
    test_groups: Annotated[int, Field(ge=1, le=99, description="Judged on at once.")] = 2
    purge: Annotated[
        int | None,
        Field(ge=0, le=10_000_000, description="Bars left out beside a tested stretch. Null: by its rule."),
    ] = None
    embargo: Annotated[
        int | None, Field(ge=0, le=10_000_000, description="Bars left out behind it. Null: a hundredth.")
    ] = None


class AskedReadiness(AskedRanges):
    """Whether a strategy may be traded on paper, or with money. With parameters, those are judged."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [_EXAMPLE | {"parameters": {}, "train": "60d", "test": "20d"}]},
    )

    train: Days = "90d"
    test: Days = "30d"
    anchored: bool = False
    paper: Annotated[
        str,
        Field(
            pattern=r"^(newest|none|[0-9a-f]{10})$",
            description="Its run on paper: its id, the `newest` on these markets and bars, or `none`.",
        ),
    ] = NEWEST


class AskedMonteCarlo(AskedStudy):
    """What else might have come of a backtest."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [_EXAMPLE | {"method": "reshuffle", "runs": 1_000}]}
    )

    method: Literal["reshuffle", "block_bootstrap", "skip", "fill_noise", "synthetic"] = "reshuffle"
    runs: Annotated[int, Field(ge=10, le=100_000)] = 1_000
    seed: Annotated[int, Field(ge=0, le=2**31)] = 0
    block: Annotated[
        float | None, Field(ge=1, le=1e6, allow_inf_nan=False, description="Null: by its rule.")
    ] = None
    skip: Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)] = 0.1
    noise_bps: Annotated[float, Field(gt=0, le=1_000, allow_inf_nan=False)] = 5.0
    ruin: Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False, description="0.5: half is lost.")] = 0.5


class AskedStress(AskedStudy):
    """A strategy in crises that were, and with one thing after the other made worse."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})


class Contender(Schema):
    """A strategy to compare with, and its parameters; those left out have their defaults."""

    model_config = ConfigDict(extra="forbid")

    strategy: Annotated[str, Field(min_length=1, max_length=200)]
    parameters: Annotated[dict[str, Value], Field(max_length=100)] = Field(default={})


class AskedComparison(AskedStudy):
    """Strategies, or one with several sets of parameters, on the same bars and at the same costs."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                _EXAMPLE | {"others": [{"strategy": "EmaCross", "parameters": {"fast": 20, "slow": 100}}]}
            ]
        },
    )

    others: Annotated[list[Contender], Field(min_length=1, max_length=20)]
    by: Annotated[str, Field(max_length=60, description="The figure that ranks them.")] = "sharpe"
    runs: Annotated[int, Field(ge=100, le=100_000, description="Of the bootstrap.")] = 1_000
    seed: Annotated[int, Field(ge=0, le=2**31)] = 0


@dataclass(frozen=True, slots=True)
class Setting:
    """A field of a kind's form.

    Attributes:
        name: in the request.
        choices: of a list, value and title; empty of a field to type into.
        step: of a number; None: it is a text.
        methods: of the kind's methods those that look at it; empty: all of them.
    """

    name: str
    label: str
    help: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    step: str | None = None
    methods: tuple[str, ...] = ()

    def counts_in(self, spec: Mapping[str, Any]) -> bool:
        """Whether what a request has here makes a difference to it."""
        return not self.methods or spec.get("method", self.methods[0]) in self.methods


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
        return issubclass(self.model, AskedRanges)


_METHODS: Final = (
    ("grid", "Grid: every set"),
    ("random", "Random: as many as trials"),
    ("tpe", "Tree of Parzen estimators (TPE)"),
    ("nsga2", "Genetic (NSGA-II)"),
    ("cmaes", "CMA-ES"),
)
_WINDOWS: Final = (
    Setting("train", "Train on", "Days (90d), weeks (12w) or hours."),
    Setting("test", "Test on"),
    Setting("anchored", "Windows", choices=(("False", "Rolling"), ("True", "From the first bar"))),
)
_NOT_ALL: Final = tuple(method for method, _ in _METHODS if method != "grid")
_RANGES: Final = (
    Setting("trials", "Trials at most", "A grid runs all of its sets.", step="1", methods=_NOT_ALL),
    Setting("constraints", "Constraints", "With commas between: trades >= 30, max_drawdown > -0.3"),
    Setting("seed", "Seed", "The same one finds the same.", step="1", methods=_NOT_ALL),
)
_SEARCH: Final = (
    Setting(OBJECTIVE, "Looks for", "A metric; several with commas between give a Pareto front."),
    Setting("method", "Method", choices=_METHODS),
    *_RANGES,
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
    Kind(
        "walk_forward",
        "walk-forwards",
        "Walk-forward",
        "Walk-forwards",
        "Had parameters been chosen as time went on, what would they have made on days they had not seen?",
        AskedWalkForward,
        ("total_return", "sharpe", "max_drawdown", "trades"),
        (*_WINDOWS, *_SEARCH),
    ),
    Kind(
        "cross_validation",
        "cross-validations",
        "Cross-validation",
        "Cross-validations",
        "Of many histories made of one: on how many would parameters chosen elsewhere have gained?",
        AskedCrossValidation,
        ("mean_path_sharpe", "losing_paths", "retention", "pbo"),
        (
            Setting("groups", "Stretches of time", step="1"),
            Setting("test_groups", "Judged on at once", "The others are chosen by.", step="1"),
            Setting("purge", "Purge, bars", "Left out beside. Empty: the longest trade.", step="1"),
            Setting("embargo", "Embargo, bars", "Left out behind. Empty: a hundredth of all.", step="1"),
            Setting("trials", "Sets at most", "Of a larger grid so many by chance.", step="1"),
            Setting("constraints", "Constraints", "Of parameters, with commas between: fast < slow"),
            Setting("seed", "Seed", "The same one draws the same.", step="1"),
        ),
    ),
    Kind(
        "monte_carlo",
        "monte-carlos",
        "Monte Carlo",
        "Monte Carlos",
        "Was it luck? What else might have come of the same trades, returns or prices?",
        AskedMonteCarlo,
        ("total_return", "max_drawdown", "sharpe"),
        (
            Setting(
                "method",
                "What is drawn",
                choices=(
                    ("reshuffle", "Trades in another order"),
                    ("block_bootstrap", "Blocks of returns"),
                    ("skip", "Trades left out by chance"),
                    ("fill_noise", "Fills at worse and better prices"),
                    ("synthetic", "Prices that might have been"),
                ),
            ),
            Setting("runs", "Runs", step="1"),
            Setting("ruin", "Ruin is a loss of", "A fraction of the beginning: 0.5 is half.", step="any"),
            Setting(
                "skip", "Left out", "Of trades left out by chance: the chance.", step="any", methods=("skip",)
            ),
            Setting(
                "noise_bps", "Noise of fills, bps", "Of fills at other prices.", step="any",
                methods=("fill_noise",),
            ),
            Setting(
                "block", "Block", "Of blocks and prices: their mean length. Empty: by rule.", step="any",
                methods=("block_bootstrap", "synthetic"),
            ),
            Setting("seed", "Seed", "The same one draws the same.", step="1"),
        ),
    ),
    Kind(
        "stress",
        "stress-tests",
        "Stress test",
        "Stress tests",
        "What becomes of it in a crash, with doubled costs, late orders, an outage?",
        AskedStress,
        ("total_return", "sharpe", "max_drawdown", "trades"),
    ),
    Kind(
        "readiness",
        "readiness",
        "Readiness",
        "Readiness checks",
        "May it trade on paper, or with money? Every reason with its figure and its threshold.",
        AskedReadiness,
        ("sharpe", "max_drawdown", "trades"),
        (
            *_WINDOWS,
            *_RANGES,
            Setting(PAPER, "Run on paper", choices=((NEWEST, "The newest that there is"), (NO_RUN, "None"))),
        ),
    ),
    Kind(
        "compare",
        "comparisons",
        "Comparison",
        "Comparisons",
        "Which is better on the same bars, and is the difference more than chance?",
        AskedComparison,
        ("total_return", "sharpe", "max_drawdown", "trades"),
        (
            Setting(OTHERS, "Compare with", "One a line: EmaCross fast=20 slow=100"),
            Setting("by", "Rank by", choices=(("sharpe", "Sharpe"), ("total_return", "Return"),
                    ("sortino", "Sortino"), ("calmar", "Calmar"))),
            Setting("runs", "Bootstraps", step="1"),
            Setting("seed", "Seed", "The same one draws the same.", step="1"),
        ),
    ),
)  # fmt: skip


def kinds() -> dict[str, Kind]:
    """Those that can be asked for, by what `runtime.jobs` calls them."""
    return {each.kind: each for each in _ALL if each.kind in registry.KINDS}


def title_of(kind: str) -> str:
    """What a kind is called; one that is not offered here by its own word."""
    found = kinds().get(kind)
    return found.title if found else kind.replace("_", " ").capitalize()
