"""The markets of a study: of the lake, or of files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from candlewick.core.errors import UsageError

if TYPE_CHECKING:
    from candlewick.backtest.market import Market


def markets_of(
    symbols: list[str],
    timeframe: str | None,
    timerange: str | None,
    files: list[Path],
    funding: list[Path],
    mark: list[Path],
    finer: str | None,
    data_dir: Path | None,
) -> tuple[Market, ...]:
    """The markets, from files where there are any and from the lake else.

    Raises:
        UsageError: neither says which, or the numbers of files, symbols, funding and marks do not fit.
    """
    from candlewick.runtime.face import load_market

    if files:
        return _from_files(files, symbols, timeframe, timerange, funding, mark, finer)
    for option, given in (("--funding", funding), ("--mark", mark)):
        if given:
            raise UsageError(f"{option} belongs to --file; the lake's perpetuals bring theirs along.")
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
    mark: list[Path],
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
    for option, given in (("--funding", funding), ("--mark", mark)):
        if given and len(given) != len(paying):
            raise UsageError(
                f"{len(paying)} of the files are no spot, but there are {len(given)} {option}: one for each."
            )
    for at, path in zip(paying, funding, strict=False):
        made[at] = replace(made[at], funding=read_funding(path))
    for at, path in zip(paying, mark, strict=False):
        made[at] = replace(made[at], mark=read(path, symbol=made[at].symbol))
    return tuple(made)
