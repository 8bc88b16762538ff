"""Candles out of the lake into a CSV, Parquet or Feather file that other tools, and we, read back."""

from __future__ import annotations

import csv
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from candlewick.core.errors import StoreError, UsageError
from candlewick.market.bars import COLUMNS, Bars

SUFFIXES: Final = (".csv", ".parquet", ".feather")


def export_bars(bars: Bars, path: Path, *, overwrite: bool = False) -> None:
    """Write `date` (open time, UTC), open, high, low, close, volume; the suffix chooses the format.

    The file appears whole or not at all. CSV has the shortest digits that read back as the same float.

    Raises:
        UsageError: the suffix is unknown, or the file exists and may not be overwritten.
        StoreError: it cannot be written.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{path.name}: the format is told by the name. Use one of {', '.join(SUFFIXES)}.")
    if path.exists() and not overwrite:
        raise UsageError(f"{path} exists. Give another name, or --force to replace it.")
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        _write(bars, unfinished, path.suffix.lower())
        unfinished.replace(path)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror or error}.") from error
    finally:
        unfinished.unlink(missing_ok=True)


def _write(bars: Bars, path: Path, suffix: str) -> None:
    if suffix == ".csv":
        columns = [getattr(bars, name).tolist() for name in COLUMNS]
        with path.open("w", encoding="utf-8", newline="") as sink:
            rows = csv.writer(sink, lineterminator="\n")
            rows.writerow(("date", *COLUMNS))
            for time, *values in zip(bars.time.tolist(), *columns, strict=True):
                moment = datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
                rows.writerow((moment, *(repr(value) for value in values)))
        return
    import pyarrow as pa
    import pyarrow.feather as feather
    import pyarrow.parquet as parquet

    dates = pa.array(bars.time * 1000, pa.timestamp("ms", "UTC"))
    table = pa.table({"date": dates, **{name: pa.array(getattr(bars, name)) for name in COLUMNS}})
    if suffix == ".parquet":
        parquet.write_table(table, path, compression="zstd")
    else:
        feather.write_feather(table, path, compression="lz4")
