"""What the verbs of research ask for: which strategy, on which markets, when, at which costs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from candlewick.cli.edge import Timerange
from candlewick.core.errors import UsageError

if TYPE_CHECKING:
    from candlewick.backtest.market import Market
    from candlewick.backtest.result import Result
    from candlewick.research.loading import Loaded
    from candlewick.trading.strategy.strategy import Strategy

Name = Annotated[str, Argument(help="A strategy: its class, file:Class, or a path (`strategy list`).")]
Symbols = Annotated[
    list[str] | None, Option("--symbol", help="BTCUSDT, BTCUSDT-PERP, binance:ETHUSDT; may be repeated.")
]
Timeframe = Annotated[str | None, Option(help="Bars of 1m to 1d; the strategy's own unless given.")]
Files = Annotated[
    list[Path] | None, Option("--file", help="Bars of this file instead of the lake's; may be repeated.")
]
FundingFiles = Annotated[
    list[Path] | None, Option("--funding", help="Funding of the --file in the same place; may be repeated.")
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
DaysAYear = Annotated[float, Option(help="What annual figures count: 365, or 252 for stocks.")]

CASH, FEE_MAKER, FEE_TAKER, DAYS = 10_000.0, 0.0002, 0.0005, 365.0


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


def asked(
    strategy: str,
    *,
    data_dir: Path | None,
    symbols: list[str] | None = None,
    timeframe: str | None = None,
    timerange: Timerange = None,
    files: list[Path] | None = None,
    funding: list[Path] | None = None,
    finer: str | None = None,
    parameters: list[str] | None = None,
    cash: float = CASH,
    fee_maker: float = FEE_MAKER,
    fee_taker: float = FEE_TAKER,
    slippage_bps: float = 0.0,
    leverage: float | None = None,
    days_a_year: float = DAYS,
) -> Asked:
    """All of it, found and read.

    Raises:
        UsageError: something is missing, unknown or contradicts itself.
        BrokenStrategy: the strategy's file cannot be run.
    """
    loaded = find_strategy(strategy, data_dir)
    given = pairs(parameters or [])
    loaded.strategy(**given)
    return Asked(
        loaded,
        given,
        markets_of(
            symbols or [], timeframe or loaded.strategy.timeframe or None, timerange, files or [],
            funding or [], finer, data_dir,
        ),
        {
            "cash": cash, "fee_maker": fee_maker, "fee_taker": fee_taker, "slippage_bps": slippage_bps,
            "leverage": leverage, "days_a_year": days_a_year,
        },
    )  # fmt: skip


def find_strategy(name: str, data_dir: Path | None) -> Loaded:
    """A strategy of a person's folder, a bundled one, or one of any file."""
    from candlewick.cli.strategy import folder_of
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

    for what, given in (("--symbol", symbols), ("--funding", funding)):
        if given and len(given) != len(files):
            raise UsageError(f"There are {len(files)} --file, but {len(given)} {what}: give one for each.")
    made = []
    for at, path in enumerate(files):
        named = symbols[at] if symbols else None
        bars = read(path, symbol=named, timeframe=timeframe, timerange=timerange)
        inside = None if finer is None else read(path, symbol=named, timeframe=finer, timerange=timerange)
        rates = read_funding(funding[at]) if funding else None
        made.append(Market(bars, infer_instrument(bars.symbol, primary="file"), rates, inside))
    return tuple(made)
