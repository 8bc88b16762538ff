"""What the verbs of research ask for: which strategy, on which markets, when, at which costs."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from candlewick.cli.edge import DataDir, Timerange, edge
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
Finer = Annotated[
    str | None, Option(help="Bars of a shorter timeframe that decide what comes first inside a bar.")
]
Parameters = Annotated[
    list[str] | None, Option("--param", help="A parameter of the strategy: fast=10; may be repeated.")
]
Cash = Annotated[float, Option(help="What the account begins with.")]
FeeMaker = Annotated[float, Option(help="Fraction of the notional that a resting order pays: 0.0002.")]
FeeTaker = Annotated[float, Option(help="Fraction that an order pays which is filled at once: 0.0005.")]
SlippageBps = Annotated[float, Option(help="What a taker pays beyond the price, in 0.01 %.")]
Leverage = Annotated[float | None, Option(help="Of positions in perpetuals; the strategy's unless given.")]
Seed = Annotated[int, Option(help="The same seed draws the same.")]
Objectives = Annotated[
    list[str] | None,
    Option("--objective", help="A metric to be better in: sharpe; several look for the Pareto front."),
]
SearchMethod = Annotated[str, Option("--method", help="grid, random, nsga2, …")]
Trials = Annotated[int, Option(help="How many sets of parameters are tried at most; a grid tries all.")]
Train = Annotated[str, Option(help="Length of the time on which parameters are chosen: 90d.")]
Test = Annotated[str, Option(help="Length of the time behind it on which they are judged.")]
Anchored = Annotated[bool, Option("--anchored", help="Begin every training with the first bar.")]
Spaces = Annotated[
    list[str] | None,
    Option("--space", help="What is searched: fast=5:50:5, kind=a,b; all that has a range unless given."),
]
Constraints = Annotated[
    list[str] | None, Option("--constraint", help="What must hold: 'trades >= 30'; may be repeated.")
]
Processes = Annotated[int | None, Option(help="How many at once; as many as there are processors.")]
DaysAYear = Annotated[float, Option(help="What annual figures count: 365, or 252 for stocks.")]


@dataclass(frozen=True, slots=True)
class Asked:
    """A strategy with its parameters, on markets, at costs (`terms`: what `backtest` takes beside them)."""

    loaded: Loaded
    parameters: dict[str, str]
    markets: tuple[Market, ...]
    terms: dict[str, Any]

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

    What it raises becomes a sentence.

    Args:
        several: whether the question is about several strategies on the same markets: a list of `Asked`.
    """
    own = list(inspect.signature(work, eval_str=True).parameters.values())[1:]
    first, *shared = inspect.signature(asked, eval_str=True).parameters.values()
    if several:
        first = first.replace(name="strategies", annotation=Names)
    names = [each.name for each in shared]

    def command(**given: Any) -> None:
        with edge():
            named, options = given.pop(first.name), {name: given.pop(name) for name in names}
            work(asked_each(named, **options) if several else asked(named, **options), **given)

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    options = [each.replace(kind=kind) for each in (first, *own, *shared)]
    command.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]
    command.__annotations__ = {each.name: each.annotation for each in options}
    command.__doc__ = work.__doc__
    return command


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
    markets = markets_of(symbol or [], wanted, timerange, file or [], funding or [], finer, data_dir)
    terms = {
        "cash": cash, "fee_maker": fee_maker, "fee_taker": fee_taker, "slippage_bps": slippage_bps,
        "leverage": leverage, "days_a_year": days_a_year,
    }  # fmt: skip
    return Asked(loaded, given, markets, terms)


def asked_each(strategies: list[str], **options: Any) -> list[Asked]:
    """The same of several strategies, on the markets and at the costs of the first."""
    if not strategies:
        raise UsageError("Say which strategies: ema-cross ema-cross,fast=20 donchian-trend.")
    first = asked(strategies[0], **options)
    others = [named(each, options.get("param"), options.get("data_dir")) for each in strategies[1:]]
    return [first, *(Asked(loaded, given, first.markets, first.terms) for loaded, given in others)]


def named(text: str, param: list[str] | None, data_dir: Path | None) -> tuple[Loaded, dict[str, str]]:
    """A strategy and its parameters: those of `name,fast=10`, and those of `--param` besides."""
    name, *own = text.split(",")
    loaded = find_strategy(name, data_dir)
    given = pairs([*own, *(param or [])])
    loaded.strategy(**given)
    return loaded, given


@contextmanager
def at_work(question: Asked, processes: int | None) -> Iterator[Executor | None]:
    """Where runs go: processes for a strategy that Python must run, else what a study itself takes."""
    from candlewick.runtime.jobs.executors import crew

    loaded = question.loaded
    if loaded.strategy.signals_only():
        yield None
        return
    with crew("processes", processes, source=None if loaded.bundled else loaded.file.absolute()) as found:
        yield found.executor


def space_of(texts: list[str] | None, strategy: type[Strategy]) -> dict[str, Any] | None:
    """What is to be searched: `fast=5:50:5` is from, to and step, `a=5,7` values; None: nothing is said.

    Raises:
        UsageError: there is no such parameter, or what is given is neither.
    """
    from candlewick.trading.strategy.param import Param

    if not texts:
        return None
    found: dict[str, Any] = {}
    for name, text in pairs(texts).items():
        param = strategy.parameters().get(name)
        if param is None:
            raise UsageError(f"{strategy.__name__} has no parameter {name!r} to search.")
        low, *rest = text.split(":")
        if not rest:
            found[name] = [param.read(strategy.__name__, each) for each in text.split(",")]
            continue
        try:
            numbers = [float(each) for each in (low, *rest)]
            begin, end, step = numbers if len(numbers) == 3 else (*numbers, None)
        except ValueError:
            raise UsageError(f"{text!r} is no range. Write {name}=5:50:5, or {name}=5,10,20.") from None
        default = param.kind(begin)
        found[name] = Param(default, low=begin, high=end, step=step)
    return found


def find_strategy(name: str, data_dir: Path | None) -> Loaded:
    """A strategy of a person's folder, a bundled one, or one of any file."""
    from candlewick.research.loading import find

    return find(name, folder_of(data_dir))


def pairs(texts: list[str]) -> dict[str, str]:
    """`name=value` as a mapping.

    Raises:
        UsageError: one of them is no such pair, or a name stands there twice.
    """
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError(f"{text!r} is no parameter. Write it as name=value: --param fast=10.")
        if name in found:
            raise UsageError(f"The parameter {name} is given twice.")
        found[name.strip()] = value.strip()
    return found


def markets_of(
    symbols: list[str],
    timeframe: str | None,
    timerange: str | None,
    files: list[Path],
    funding: list[Path],
    finer: str | None,
    data_dir: Path | None,
) -> tuple[Market, ...]:
    """The markets, from files where there are any and from the lake else.

    Raises:
        UsageError: neither says which, or the numbers of files, symbols and funding do not fit.
    """
    from candlewick.runtime.face import load_market

    if files:
        return _from_files(files, symbols, timeframe, timerange, funding, finer)
    if funding:
        raise UsageError("--funding belongs to --file; the lake's perpetuals bring theirs along.")
    if not symbols:
        raise UsageError(
            "Say on which market: --symbol BTCUSDT (`candlewick data list` shows them), or --file PATH."
        )
    if timeframe is None:
        raise UsageError("Say which bars: --timeframe 1h.")
    return tuple(
        load_market(symbol, timeframe, timerange=timerange, finer=finer, data_dir=data_dir)
        for symbol in symbols
    )


def _from_files(
    files: list[Path],
    symbols: list[str],
    timeframe: str | None,
    timerange: str | None,
    funding: list[Path],
    finer: str | None,
) -> tuple[Market, ...]:
    from candlewick.backtest.market import Market
    from candlewick.ledger.csv_fills import infer_instrument
    from candlewick.runtime.face import read, read_funding

    if symbols and len(symbols) != len(files):
        raise UsageError(f"There are {len(files)} --file, but {len(symbols)} --symbol: give one for each.")
    made = []
    for at, path in enumerate(files):
        symbol = symbols[at] if symbols else None
        bars = read(path, symbol=symbol, timeframe=timeframe, timerange=timerange)
        inside = None if finer is None else read(path, symbol=symbol, timeframe=finer, timerange=timerange)
        made.append(Market(bars, infer_instrument(bars.symbol, primary="file"), None, inside))
    paying = [at for at, market in enumerate(made) if not market.is_spot]
    if funding and len(funding) != len(paying):
        raise UsageError(
            f"{len(paying)} of the files are no spot, but there are {len(funding)} --funding: one for each."
        )
    for at, path in zip(paying, funding, strict=False):
        made[at] = replace(made[at], funding=read_funding(path))
    return tuple(made)
