"""`candlewick data`: history into the lake and out of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from typer import Argument, Option, echo

from candlewick.cli.data_report import (
    downloaded_json,
    imported_json,
    iso,
    report_json,
    series_json,
    show_imported,
    show_report,
    show_series,
)
from candlewick.cli.edge import AsJson, DataDir, Timerange, VenueNames, progress_bar
from candlewick.cli.printing import print_json
from candlewick.core.errors import CandlewickError, StoreLocked, UsageError
from candlewick.core.interval import seconds
from candlewick.core.timerange import timerange_of

if TYPE_CHECKING:
    from candlewick.store.lake import Lake
    from candlewick.store.lake.importing import Imported

app = typer.Typer(
    name="data",
    help="Import, list, check and export history.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Timeframe = Annotated[str | None, Option(help="Interval of the candles: 1s to 1d.")]

HISTORY_SUFFIXES: Final = (".csv", ".csv.gz", ".zip", ".feather", ".parquet", ".json.gz")


@app.command("import")
def import_(
    files: Annotated[
        list[Path],
        Argument(exists=True, help="CSV (also .gz, .zip), Feather or Parquet files, or folders of them."),
    ],
    venue: Annotated[
        str | None, Option(help="The venue, where the file's name and folders do not tell.")
    ] = None,
    symbol: Annotated[
        str | None, Option(help="The symbol (BTCUSDT, BTCUSDT-PERP), where the name does not tell.")
    ] = None,
    timeframe: Timeframe = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Take files over. Rows that cannot be true are left out and told by line; importing twice is safe."""
    from candlewick.store.lake.importing import import_file

    done: list[Imported] = []
    failed: list[tuple[Path, str]] = []
    with _lake(data_dir) as lake:
        found = list(_files(files))
        for path in _with_progress(found, "Importing"):
            try:
                done.append(import_file(lake, path, venue=venue, symbol=symbol, interval=timeframe))
            except CandlewickError as error:
                failed.append((path, str(error)))
        _compact(lake, [one.instrument for one in done if one.new or one.corrected])
    if as_json:
        print_json(
            {
                "files": [imported_json(one) for one in done],
                "failed": [{"file": str(path), "error": why} for path, why in failed],
            }
        )
    else:
        for one in done:
            show_imported(one)
    for path, why in failed:
        echo(f"{path}: {why}", err=True)
    if failed or any(one.refused for one in done):
        raise typer.Exit(1)


@app.command()
def download(
    symbols: Annotated[list[str], Argument(help="BTCUSDT, BTC/USDT:USDT, sim-east:ETHUSDT, …")],
    timeframe: Annotated[str, Option(help="Interval of the candles: 1s to 1d.")] = "1h",
    timerange: Timerange = None,
    venues: VenueNames = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Fetch candles, and funding of perpetuals, from a venue: the last 30 days unless told.

    Only what is missing is asked for.
    """
    import asyncio

    from candlewick.cli.data_download import download_all
    from candlewick.runtime.settings import load, names

    start_s, end_s = timerange_of(timerange)
    seconds(timeframe)  # before any venue is asked
    settings = load(data_dir=data_dir, venues=names(venues))
    with _lake(data_dir) as lake, progress_bar(f"Downloading {timeframe}") as progress:
        done = asyncio.run(download_all(settings, lake, symbols, timeframe, start_s, end_s, progress))
        _compact(lake, [one.instrument for one in done if one.bars or one.settlements])
    if as_json:
        print_json({"downloads": [downloaded_json(one) for one in done]})
    else:
        for one in done:
            span = f"{iso(one.start_s)} to {iso(one.end_s)}"
            funding = "" if one.settlements is None else f" and {one.settlements:,} settlements of funding"
            echo(f"{one.instrument} {one.interval}: {one.bars:,} bars{funding} fetched, whole from {span}")


@app.command("list")
def list_(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show every series that the lake has."""
    with _lake(data_dir) as lake:
        series = lake.series()
    if as_json:
        print_json({"series": [series_json(info) for info in series]})
    elif series:
        show_series(series)
    else:
        echo("The lake is empty. `candlewick data import FILE…` fills it, and so does `candlewick up`.")


@app.command()
def check(
    symbol: Annotated[str | None, Argument(help="Only this symbol, as `list` shows it.")] = None,
    timeframe: Timeframe = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Report gaps, impossible bars and rows that imports refused. Mends nothing."""
    from candlewick.store.lake.check import check as check_lake

    with _lake(data_dir) as lake:
        instrument = _resolve(lake, symbol) if symbol is not None else None
        reports = check_lake(lake, instrument, timeframe)
    if as_json:
        print_json({"series": [report_json(report) for report in reports]})
    elif reports:
        for report in reports:
            show_report(report)
    else:
        echo("The lake is empty: there is nothing to check.")
    if any(report.damaged for report in reports):
        raise typer.Exit(1)


@app.command()
def export(
    symbol: Annotated[str, Argument(help="The symbol, as `list` shows it.")],
    out: Annotated[Path, Argument(help="The file to write: .csv, .parquet or .feather.")],
    timeframe: Timeframe = None,
    timerange: Timerange = None,
    what: Annotated[
        str, Option("--price", help="Which prices: candles (traded), mark or index.")
    ] = "candles",
    force: Annotated[bool, Option(help="Replace the file if it exists.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Write candles to a file."""
    from candlewick.store.lake.exporting import export_bars
    from candlewick.store.lake.kinds import candle_kind

    with _lake(data_dir) as lake:
        kind = candle_kind(what).name
        instrument = _resolve(lake, symbol)
        interval = timeframe or _only_interval(lake, instrument, kind)
        start_s, end_s = timerange_of(timerange)
        bars = lake.candles(instrument, interval, start_s, end_s, kind=kind)  # type: ignore[arg-type]
        if not len(bars):
            raise UsageError(
                f"The lake has no {interval} bars of {instrument} there. "
                "`candlewick data list` shows what it has."
            )
        export_bars(bars, out, overwrite=force)
    first, last = iso(int(bars.time[0])), iso(int(bars.time[-1]))
    if as_json:
        print_json(
            {
                "file": str(out),
                "instrument": instrument,
                "interval": interval,
                "rows": len(bars),
                "first": first,
                "last": last,
            }
        )
    else:
        echo(f"{out}: {len(bars):,} bars of {instrument} {interval}, {first} to {last}")


@app.command()
def compact(
    older_than_days: Annotated[float, Option(min=0, help="Move rows older than this into files.")] = 2.0,
    keep_trades_days: Annotated[int | None, Option(min=1, help="Delete trades older than this.")] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Move old rows into compressed files now, as the engine does in the background."""
    from dataclasses import asdict

    from candlewick.store.lake.compact import compact as compact_lake

    keep_s = None if keep_trades_days is None else keep_trades_days * 86_400
    with _lake(data_dir) as lake:
        report = compact_lake(lake, older_than_s=round(older_than_days * 86_400), keep_trades_s=keep_s)
    if as_json:
        print_json(asdict(report))
    else:
        echo(
            f"{report.rows:,} rows moved into {report.files_written} files "
            f"({report.bytes_written / 1e6:,.1f} MB), {report.files_swept} old files removed"
        )


@contextmanager
def _lake(data_dir: Path | None) -> Iterator[Lake]:
    from candlewick.runtime.settings import load
    from candlewick.store.lake import Lake

    with Lake(load(data_dir=data_dir).market_dir / "lake") as lake:
        yield lake


def _compact(lake: Lake, instruments: list[str]) -> None:
    """Move what has just come in into files, from which it is read quickly."""
    from candlewick.store.lake.compact import compact

    if instruments:
        # locked: another compaction is at it; these rows are read as they are and move next time
        with suppress(StoreLocked):
            compact(lake, instruments=frozenset(instruments))


def _files(given: list[Path]) -> Iterator[Path]:
    """The files named, and those of the folders named that look like history."""
    for path in given:
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.name.lower().endswith(HISTORY_SUFFIXES))
            if not inside:
                raise UsageError(f"There is no history file in {path}.")
            yield from inside
        else:
            yield path


def _resolve(lake: Lake, symbol: str) -> str:
    """The instrument that a person's `symbol` means among those of the lake."""
    from candlewick.core.instrument import parse_symbol

    known = sorted({info.instrument for info in lake.series()})
    if symbol in known:
        return symbol
    wanted = parse_symbol(symbol, primary="").removeprefix(":")
    found = [id for id in known if wanted in (id, id.partition(":")[2])]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"{symbol!r} is kept of several venues. Say which: {', '.join(found)}.")
    raise UsageError(f"The lake has nothing of {symbol!r}. `candlewick data list` shows what it has.")


def _only_interval(lake: Lake, instrument: str, kind: str) -> str:
    found = [info.interval for info in lake.series() if (info.instrument, info.kind) == (instrument, kind)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise UsageError(f"The lake has no {kind} of {instrument}.")
    raise UsageError(f"{instrument} is kept in {', '.join(found)}. Choose one with --timeframe.")


def _with_progress(files: list[Path], doing: str) -> Iterator[Path]:
    if not sys.stderr.isatty():
        yield from files
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(files, doing, console=Console(stderr=True), transient=True)
