"""What the verbs of research ask for: which strategy, on which markets, when, at which costs."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from candlewick.cli.edge import DataDir, Timerange
from candlewick.cli.parameters import Parameters, pairs
from candlewick.cli.printing import document_alone
from candlewick.cli.research_markets import markets_of
from candlewick.cli.research_search import Search, searched
from candlewick.cli.strategy_folder import folder_of
from candlewick.core.errors import UsageError

if TYPE_CHECKING:
    from candlewick.backtest.market import Market
    from candlewick.backtest.result import Result
    from candlewick.research.loading import Loaded
    from candlewick.trading.strategy.strategy import Strategy

Name = Annotated[str, Argument(help="A strategy: its class, file:Class, or a path (`strategy list`).")]
Names = Annotated[list[str], Argument(help="Strategies; parameters behind a comma: ema-cross,fast=20.")]
Symbols = Annotated[
    list[str] | None, Option("--symbol", help="BTCUSDT, BTCUSDT-PERP, binance:ETHUSDT; may be repeated.")
]
Timeframe = Annotated[str | None, Option(help="Bars of 1m to 1d; the strategy's own unless given.")]
Files = Annotated[
    list[Path] | None, Option("--file", help="Bars of this file instead of the lake's; may be repeated.")
]
FundingFiles = Annotated[
    list[Path] | None, Option("--funding", help="Funding of the --file that is a perpetual; may be repeated.")
]
MarkFiles = Annotated[
    list[Path] | None,
    Option(
        "--mark",
        help="Mark price of the --file that is a perpetual: its margin is judged by it; may be repeated.",
    ),
]
Finer = Annotated[
    str | None, Option(help="Bars of a shorter timeframe that decide what comes first inside a bar.")
]
Seed = Annotated[int, Option(help="The same seed draws the same.")]
Cash = Annotated[float, Option(help="What the account begins with.")]
FeeMaker = Annotated[float, Option(help="Fraction of the notional that a resting order pays: 0.0002.")]
FeeTaker = Annotated[float, Option(help="Fraction that an order pays which is filled at once: 0.0005.")]
SlippageBps = Annotated[float, Option(help="What a taker pays beyond the price, in 0.01 %.")]
Leverage = Annotated[float | None, Option(help="Of positions in perpetuals; the strategy's unless given.")]
DaysAYear = Annotated[float, Option(help="What annual figures count: 365, or 252 for stocks.")]


@dataclass(frozen=True, slots=True)
class Asked:
    """A strategy with its parameters, on markets, at costs (`terms`: what `backtest` takes beside them)."""

    loaded: Loaded
    parameters: dict[str, str]
    markets: tuple[Market, ...]
    terms: dict[str, Any]
    data_dir: Path | None

    @property
    def strategy(self) -> Strategy:
        """With the parameters that were given."""
        return self.loaded.strategy(**self.parameters)

    def run(self) -> Result:
        """Its backtest."""
        from candlewick.backtest.run import backtest

        return backtest(self.strategy, self.markets, **self.terms)


def researching(work: Callable[..., None], *, several: bool = False) -> Callable[..., None]:
    """The command of `work(question, …)`: the options of every verb of research, and then its own.

    Where `work` takes a `Search`, it has the options of that too. What it raises becomes a sentence, and
    where it is asked for JSON, nothing else goes to stdout.

    Args:
        several: whether the question is about several strategies on the same markets: a list of `Asked`.
    """
    first, *shared = _options(asked)
    if several:
        first = first.replace(name="strategies", annotation=Names)
    own = _options(work)[1:]
    search = next((each for each in own if each.annotation is Search), None)
    searches = [] if search is None else _options(searched)

    def command(**given: Any) -> None:
        with document_alone(given["as_json"]):
            if search is not None:
                given[search.name] = searched(**{each.name: given.pop(each.name) for each in searches})
            named, options = given.pop(first.name), {each.name: given.pop(each.name) for each in shared}
            work(asked_each(named, **options) if several else asked(named, **options), **given)

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    own = [each for each in own if each is not search]
    options = [each.replace(kind=kind) for each in (first, *own, *searches, *shared)]
    command.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]
    command.__annotations__ = {each.name: each.annotation for each in options}
    command.__doc__ = work.__doc__
    return command


def _options(function: Callable[..., object]) -> list[inspect.Parameter]:
    return list(inspect.signature(function, eval_str=True).parameters.values())


def asked(
    strategy: Name,
    symbol: Symbols = None,
    timeframe: Timeframe = None,
    timerange: Timerange = None,
    param: Parameters = None,
    cash: Cash = 10_000.0,
    fee_maker: FeeMaker = 0.0002,
    fee_taker: FeeTaker = 0.0005,
    slippage_bps: SlippageBps = 0.0,
    leverage: Leverage = None,
    days_a_year: DaysAYear = 365.0,
    file: Files = None,
    funding: FundingFiles = None,
    mark: MarkFiles = None,
    finer: Finer = None,
    data_dir: DataDir = None,
) -> Asked:
    """What the options say, found and read.

    Raises:
        UsageError: something is missing, unknown or contradicts itself.
        BrokenStrategy: the strategy's file cannot be run.
    """
    loaded, given = named(strategy, param, data_dir)
    wanted = timeframe or loaded.strategy.timeframe or None
    markets = markets_of(
        symbol or [], wanted, timerange, file or [], funding or [], mark or [], finer, data_dir
    )
    terms = {
        "cash": cash, "fee_maker": fee_maker, "fee_taker": fee_taker, "slippage_bps": slippage_bps,
        "leverage": leverage, "days_a_year": days_a_year,
    }  # fmt: skip
    return Asked(loaded, given, markets, terms, data_dir)


def asked_each(strategies: list[str], **options: Any) -> list[Asked]:
    """The same of several strategies, on the markets and at the costs of the first."""
    if not strategies:
        raise UsageError("Say which strategies: ema-cross ema-cross,fast=20 donchian-trend.")
    first = asked(strategies[0], **options)
    others = [named(each, options.get("param"), first.data_dir) for each in strategies[1:]]
    return [first, *(replace(first, loaded=loaded, parameters=given) for loaded, given in others)]


def named(text: str, param: list[str] | None, data_dir: Path | None) -> tuple[Loaded, dict[str, str]]:
    """A strategy and its parameters: those of `name,fast=10`, and those of `--param` besides."""
    from candlewick.research.loading import find

    name, *own = text.split(",")
    loaded = find(name, folder_of(data_dir))
    given = pairs([*own, *(param or [])])
    loaded.strategy(**given)
    return loaded, given
