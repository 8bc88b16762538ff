"""`cw.load`, `cw.load_market`, `cw.read` `cw.read_funding`: history for people, out of the lake or a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from candlewick.backtest.market import FundingRates, LoadedBars, Market
from candlewick.core.clock import NS_PER_S
from candlewick.core.errors import BadData, UsageError
from candlewick.core.interval import SECONDS, seconds
from candlewick.core.timerange import timerange_of
from candlewick.market.bars import COLUMNS, Bars, clock, resample


def load(
    symbol: str, timeframe: str, *, timerange: str | None = None, data_dir: str | Path | None = None
) -> Bars:
    """Bars out of the lake of the data folder.

    They bring along what `load_market` tells: a backtest of a perpetual's bars pays its funding.

    Args:
        symbol: `BTCUSDT`, `BTCUSDT-PERP`, or with its venue `binance:BTCUSDT`.
        timeframe: `1m` to `1d`; made of shorter bars where the lake has none of this length.
        timerange: `20240101-20240601`, `20240101-` or `-20240601`, days of UTC; the end is not in it.
        data_dir: the folder, where it is not the usual one.

    Raises:
        UsageError: the lake has none of these; says what it has.
    """
    market = load_market(symbol, timeframe, timerange=timerange, data_dir=data_dir)
    columns = {name: getattr(market.bars, name) for name in ("time", *COLUMNS)}
    return LoadedBars(
        symbol=market.symbol,
        timeframe=timeframe,
        instrument=market.instrument,
        funding=market.funding,
        mark=market.mark,
        **columns,
    )


def load_market(
    symbol: str,
    timeframe: str,
    *,
    timerange: str | None = None,
    finer: str | None = None,
    data_dir: str | Path | None = None,
) -> Market:
    """The same with its instrument and, of a perpetual, the funding that was settled and the mark.

    Args:
        finer: timeframe of bars that decide what comes first inside a bar.

    Raises:
        UsageError: as `load`.
    """
    from candlewick.runtime.settings import load as settings_in_force
    from candlewick.store.lake import Lake
    from candlewick.store.lake.reading import instrument_in, market_of

    start_s, end_s = timerange_of(timerange)
    seconds(timeframe)
    settings = settings_in_force(data_dir=None if data_dir is None else Path(data_dir))
    with Lake(settings.market_dir / "lake") as lake:
        id = instrument_in(lake, symbol, settings.primary)
        return market_of(lake, id, timeframe, start_s, end_s, finer)


def read(
    path: str | Path, *, symbol: str | None = None, timeframe: str | None = None, timerange: str | None = None
) -> Bars:
    """Bars out of a file: CSV (also .gz, .zip), Feather or Parquet.

    In the layouts of freqtrade, Binance and LEAN, or with a header that names time, open, high, low and
    close; a volume that it does not tell is NaN.

    Args:
        symbol: where the file's name does not tell it.
        timeframe: likewise; bars of a multiple of the file's own are made of those.
        timerange: as `load`.

    Raises:
        UsageError: the file holds no bars, or does not tell of what; or a row cannot be read, which is named.
    """
    from candlewick.store.lake.names import read_name
    from candlewick.store.lake.sheet import read_sheet

    path = Path(path).expanduser()
    named = read_name(path)
    if named.kind is None or named.kind in ("funding", "trades"):
        raise UsageError(f"{path.name} holds no candles, by its name: give a file that does.")
    sheet = read_sheet(path, named, named.kind)
    if sheet.bad:
        row = sheet.bad[0]
        more = f" ({len(sheet.bad):,} rows are like that)" if len(sheet.bad) > 1 else ""
        raise BadData(f"{path.name}, row {row.line}: {row.reason}{more}. Mend or remove it.")
    time = sheet.time // NS_PER_S
    own = named.interval or _spacing(path, time, timeframe)
    columns = {name: sheet.numbers.get(name, np.full(time.size, np.nan)) for name in COLUMNS}
    name = symbol or named.symbol
    if name is None:
        raise UsageError(f"{path.name} does not tell its symbol: give symbol=.")
    bars = Bars.from_arrays(symbol=name, timeframe=own, time=time, **columns)
    if timeframe is not None and timeframe != own:
        bars = resample(bars, timeframe, unfinished=False)
    bars = _within(bars, timerange, path)
    bars.check()
    return bars


def read_funding(path: str | Path) -> FundingRates:
    """Funding rates out of a file, in freqtrade's layout or with a header that names time and rate.

    Raises:
        UsageError: it holds none, or a row cannot be read.
    """
    from candlewick.store.lake.names import read_name
    from candlewick.store.lake.sheet import read_sheet

    path = Path(path).expanduser()
    sheet = read_sheet(path, read_name(path), "funding")
    if sheet.bad:
        raise BadData(f"{path.name}, row {sheet.bad[0].line}: {sheet.bad[0].reason}. Mend or remove it.")
    # a settlement is stamped some milliseconds off its second
    time = (sheet.time + NS_PER_S // 2) // NS_PER_S
    return FundingRates(time, sheet.numbers["rate"], sheet.numbers.get("mark"))


def _spacing(path: Path, time: NDArray[np.int64], asked: str | None) -> str:
    """The interval of a file whose name tells none: its most frequent spacing, or what was asked for."""
    if time.size > 1:
        gaps, counts = np.unique(np.abs(np.diff(time)), return_counts=True)
        usual = int(gaps[np.argmax(counts)])
        for name, length in SECONDS.items():
            if length == usual:
                return name
    if asked is None:
        raise UsageError(f"{path.name} does not tell its timeframe: name it, such as 1h.")
    seconds(asked)
    return asked


def _within(bars: Bars, timerange: str | None, path: Path) -> Bars:
    start_s, end_s = timerange_of(timerange)
    low = 0 if start_s is None else int(np.searchsorted(bars.time, start_s))
    high = len(bars) if end_s is None else int(np.searchsorted(bars.time, end_s))
    if not len(bars):
        raise UsageError(f"{path.name} holds no bars.")
    if low >= high:
        raise UsageError(
            f"{path.name} has no bars in {timerange}: it reaches from {clock(int(bars.time[0]))} to "
            f"{clock(int(bars.time[-1]))}."
        )
    return bars[low:high]
