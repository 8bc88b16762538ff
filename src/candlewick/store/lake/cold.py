"""Immutable Parquet files: written once and synced, read by column; the only module that needs pyarrow.

Prices and quantities are DECIMAL on INT64, delta-packed: exact, small, and read by every other tool.
A column whose floats would not come back bit for bit (more than 15 significant digits, infinities)
is DOUBLE and zstd instead.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from candlewick.core.errors import StoreError
from candlewick.store.lake.columns import Columns, Floats

if TYPE_CHECKING:
    import pyarrow as pa

_ROW_GROUP: Final = 16_384
_EXACT_INT: Final = 2.0**53
_MAX_SCALE: Final = 18
_PRECISION: Final = 18


class DamagedFile(StoreError):
    """A file of the manifest cannot be read; the sentence names it."""


class FileVanished(DamagedFile):
    """A file of the manifest is not on disk: retired and swept since the manifest was read, or lost."""


def decimal_scale(values: Floats) -> int | None:
    """Least number of decimals that writes every value exactly; None when none does.

    Exact because an integer below 2⁵³ divided by a power of ten below 10²³ is rounded once: the result
    is the float nearest to that decimal number, which is the one we started from.
    """
    known = values[~np.isnan(values)]
    with np.errstate(over="ignore"):
        for scale in range(_MAX_SCALE + 1):
            power = 10.0**scale
            whole = np.rint(known * power)
            if np.any(np.abs(whole) >= _EXACT_INT):
                return None
            if np.array_equal(whole / power, known):
                return scale
    return None


def to_arrow(values: Floats) -> pa.Array:
    """A float column as DECIMAL where that is exact, else as DOUBLE; NaN becomes null."""
    import pyarrow as pa

    unknown = np.isnan(values)
    scale = decimal_scale(values)
    if scale is None:
        return pa.array(values, mask=unknown)
    whole = np.rint(np.where(unknown, 0.0, values) * 10.0**scale).astype(np.int64)
    return pa.array(whole, mask=unknown).view(pa.decimal64(_PRECISION, scale))


def to_floats(column: pa.ChunkedArray) -> Floats:
    """The floats that `to_arrow` was given."""
    import pyarrow as pa

    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):  # a column of no chunks
        return np.empty(0)
    if not pa.types.is_decimal(array.type):
        return np.asarray(array.to_numpy(zero_copy_only=False), np.float64)
    # the low word of a wider decimal is enough: whole numbers stay below 2⁵³
    words = array.type.byte_width // 8
    raw = np.frombuffer(array.buffers()[1], np.int64)
    whole = raw[words * array.offset : words * (array.offset + len(array)) : words]
    values: Floats = whole / 10.0**array.type.scale
    if array.null_count:
        values[np.asarray(array.is_null())] = np.nan
    return values


def to_ints(column: pa.ChunkedArray) -> NDArray[np.int64]:
    """An int64 column without nulls."""
    return np.asarray(column.to_numpy(), np.int64)


def columns_table(columns: Columns) -> pa.Table:
    """Final rows as a table: time, rev, then the values."""
    import pyarrow as pa

    arrays: dict[str, Any] = {"time": pa.array(columns.time), "rev": pa.array(columns.rev)}
    arrays.update({name: to_arrow(column) for name, column in columns.values.items()})
    return pa.table(arrays)


def read_columns(
    path: Path,
    names: tuple[str, ...],
    *,
    with_rev: bool,
    start: int | None = None,
    end: int | None = None,
) -> Columns:
    """Rows of a file of a keyed series with start <= time < end; rev is 0 throughout unless asked for.

    Raises:
        DamagedFile: the file is gone, or cannot be read; the sentence names it.
    """
    wanted = ["time", *(["rev"] if with_rev else []), *names]
    table = read_table(path, wanted, start=start, end=end)
    time = to_ints(table["time"])
    rows = Columns(
        time,
        {name: to_floats(table[name]) for name in names},
        np.ones(time.size, np.bool_),
        to_ints(table["rev"]) if with_rev else np.zeros(time.size, np.int64),
    )
    return rows.between(start, end)


def read_table(path: Path, names: list[str], *, start: int | None = None, end: int | None = None) -> pa.Table:
    """Some columns of a Parquet file of ours; row groups without a row in [start, end) are left out."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            if absent := set(names) - set(file.schema_arrow.names):
                raise DamagedFile(f"The lake's file {path} lacks the column {min(absent)!r}. {_DAMAGED}")
            # on one thread: a file is small, and many readers share the machine
            if start is None and end is None:
                return file.read(columns=names, use_threads=False)
            groups = _groups_within(file.metadata, start, end)
            return file.read_row_groups(groups, columns=names, use_threads=False)
    except FileNotFoundError as error:
        raise FileVanished(f"The lake's file {path} is missing. {_DAMAGED}") from error
    except (pa.ArrowException, OSError) as error:
        raise DamagedFile(f"The lake's file {path} cannot be read ({error}). {_DAMAGED}") from error


def _groups_within(metadata: pa.parquet.FileMetaData, start: int | None, end: int | None) -> list[int]:
    # time is the first column, and the only one that is written with statistics
    groups = []
    for at in range(metadata.num_row_groups):
        span = metadata.row_group(at).column(0).statistics
        if (start is None or span.max >= start) and (end is None or span.min < end):
            groups.append(at)
    return groups


_DAMAGED: Final = "Restore it from a backup, or remove the series' range and fetch it again."


def unfinished_path(path: Path) -> Path:
    """Where a file stands while it is written; a killed writer leaves it there."""
    return path.with_name(f".{path.name}.tmp")


def write_table(path: Path, table: pa.Table) -> int:
    """Write so that `path` is there whole and on disk, or not at all; returns its size in bytes.

    Raises:
        StoreError: it cannot be written; nothing is left behind.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    unfinished = unfinished_path(path)
    packed = [
        field.name
        for field in table.schema
        if pa.types.is_decimal(field.type) or pa.types.is_int64(field.type)
    ]
    others = [name for name in table.schema.names if name not in packed]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with unfinished.open("wb") as sink:
            pq.write_table(
                table,
                sink,
                # zstd would take half a percent off packed integers and cost a third of every read
                compression=dict.fromkeys(packed, "none") | dict.fromkeys(others, "zstd"),
                compression_level=dict.fromkeys(others, 1),
                use_dictionary=False,
                column_encoding=dict.fromkeys(packed, "DELTA_BINARY_PACKED"),
                store_decimal_as_integer=True,
                row_group_size=_ROW_GROUP,
                write_statistics=["time"],
            )
            sink.flush()
            os.fsync(sink.fileno())
        unfinished.rename(path)
        _sync_folder(path.parent)
        return path.stat().st_size
    except (pa.ArrowException, OSError) as error:
        with suppress(OSError):  # the first fault is the one to tell
            unfinished.unlink()
        raise StoreError(
            f"The lake's file {path} cannot be written ({error}). "
            "Check the disk's free space and the folder's permissions."
        ) from error


def _sync_folder(folder: Path) -> None:
    # a rename is on disk only when its folder is
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
