"""A history file as columns: CSV (plain, zip, gzip), Feather, Parquet; bad rows by line and reason."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

import msgspec
import numpy as np

from candlewick.core.clock import NS_PER_S
from candlewick.core.errors import StoreError, UsageError
from candlewick.store.lake.cells import is_number, moment, number, unit_of
from candlewick.store.lake.columns import Floats, Ints
from candlewick.store.lake.names import FileKind, Named

if TYPE_CHECKING:
    import pyarrow as pa

_CHUNK: Final = 50_000
_MAX_MEMBER_BYTES: Final = 8 * 1024**3

_ALIASES: Final[dict[str, tuple[str, ...]]] = {
    "time": ("date", "time", "timestamp", "datetime", "open_time", "opentime", "open time", "transact_time",
             "calc_time", "unix", ""),
    "open": ("open", "o"),
    "high": ("high", "h"),
    "low": ("low", "l"),
    "close": ("close", "c"),
    "volume": ("volume", "v", "vol", "volume_base"),
    "quote_volume": ("quote_volume", "quote_asset_volume", "quote asset volume"),
    "trades": ("count", "trades", "number_of_trades", "number of trades"),
    "rate": ("funding_rate", "last_funding_rate", "rate", "open"),
    "mark": ("mark", "mark_price"),
    "id": ("id", "trade_id", "agg_trade_id"),
    "side": ("side",),
    "buyer_is_maker": ("is_buyer_maker", "isbuyermaker"),
    "price": ("price",),
    "quantity": ("quantity", "amount", "qty", "size"),
    "first_id": ("first_id", "first_trade_id"),
    "last_id": ("last_id", "last_trade_id"),
}  # fmt: skip
_TEXTS: Final = frozenset(("id", "side", "buyer_is_maker"))
_CANDLE_NEEDS: Final = ("time", "open", "high", "low", "close")
_NEEDS: Final[dict[FileKind, tuple[str, ...]]] = {
    "candles": _CANDLE_NEEDS, "mark": _CANDLE_NEEDS, "index": _CANDLE_NEEDS,
    "funding": ("time", "rate"), "trades": ("time", "id", "price", "quantity"),
}  # fmt: skip
_MAY: Final[dict[FileKind, tuple[str, ...]]] = {
    "candles": ("volume", "quote_volume", "trades"), "mark": ("volume",), "index": ("volume",),
    "funding": ("mark",), "trades": ("side", "buyer_is_maker", "first_id", "last_id"),
}  # fmt: skip
_PLAIN: Final = ("time", "open", "high", "low", "close", "volume")
_KLINE: Final = (*_PLAIN, "close_time", "quote_volume", "trades", "taker", "taker_quote", "ignore")
_AGG_TRADES: Final = (
    "id", "price", "quantity", "first_id", "last_id", "time", "buyer_is_maker", "best_match",
)  # fmt: skip
_SINGLE_TRADES: Final = ("id", "price", "quantity", "quote", "time", "buyer_is_maker", "best_match")
_JSON_TRADES: Final = ("time", "id", "type", "side", "price", "quantity", "cost")


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that was left out. `line` counts from 1: lines of a text file, rows of a table.

    `duplicate` says that an earlier row speaks of the same moment or trade.
    """

    line: int
    reason: str
    duplicate: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows that could be read, in the order of the file: time in ns, numbers, texts."""

    time: Ints
    numbers: dict[str, Floats]
    texts: dict[str, list[str]]
    lines: Ints
    bad: list[BadRow]


def read_sheet(path: Path, named: Named, kind: FileKind) -> Sheet:
    """Read the columns that a series of this kind has.

    Raises:
        UsageError: the file does not exist, its type or its columns are unknown.
        StoreError: it is damaged.
    """
    if not path.is_file():
        raise UsageError(f"There is no file {path}.")
    name = path.name.lower()
    if name.endswith((".feather", ".parquet")):
        return _read_table(path, kind)
    if name.endswith((".json.gz", ".json")):
        return _from_json(path, kind)
    if name.endswith((".csv", ".csv.gz", ".zip", ".txt")):
        with _open_text(path) as text:
            return _from_csv(path, text, named, kind)
    raise UsageError(
        f"{path.name} is of no type that can be imported. Give CSV (also .gz, .zip), Feather or Parquet."
    )


@contextmanager
def _open_text(path: Path) -> Iterator[IO[str]]:
    """The text of a CSV file, or of the one CSV file in a zip."""
    try:
        if path.suffix.lower() == ".zip":
            with zipfile.ZipFile(path) as archive:
                members = [m for m in archive.infolist() if not m.is_dir()]
                if len(members) != 1:
                    raise UsageError(f"{path} holds {len(members)} files. Give an archive of one CSV file.")
                if members[0].file_size > _MAX_MEMBER_BYTES:
                    raise UsageError(f"{path} would unpack to {members[0].file_size:,} bytes. Split it.")
                with archive.open(members[0]) as raw:
                    yield io.TextIOWrapper(raw, "utf-8-sig", newline="")
        elif path.suffix.lower() == ".gz":
            with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as text:
                yield text
        else:
            with path.open(encoding="utf-8-sig", newline="") as text:
                yield text
    except UnicodeDecodeError as error:
        raise StoreError(f"{path} is not text in UTF-8 ({error.reason} at byte {error.start}).") from error
    except csv.Error as error:
        raise StoreError(f"{path} cannot be read as CSV: {error}.") from error
    except (zipfile.BadZipFile, gzip.BadGzipFile, EOFError, OSError) as error:
        raise StoreError(f"{path} cannot be read: {error}.") from error


def _from_csv(path: Path, text: IO[str], named: Named, kind: FileKind) -> Sheet:
    head = text.readline()
    if not head.strip():
        raise UsageError(f"{path} is empty.")
    delimiter = max(",;\t", key=head.count)
    first = next(csv.reader([head], delimiter=delimiter))
    has_header = not any(is_number(cell) for cell in first)
    names = _canonical(first, kind) if has_header else _headerless(path, len(first), named)
    rows = csv.reader(text if has_header else _chain(head, text), delimiter=delimiter)
    return _from_rows(path, enumerate(rows, 2 if has_header else 1), names, named.midnight_ns, kind)


def _chain(head: str, text: IO[str]) -> Iterator[str]:
    yield head
    yield from text


def _from_json(path: Path, kind: FileKind) -> Sheet:
    """freqtrade's trades: a list of [time, id, type, side, price, amount, cost]."""
    if kind != "trades":
        raise UsageError(f"{path.name}: of JSON files only freqtrade's trades can be imported.")
    try:
        packed = path.read_bytes()
        found = msgspec.json.decode(
            gzip.decompress(packed) if path.suffix == ".gz" else packed, type=list[list[Any]]
        )
    except (msgspec.DecodeError, gzip.BadGzipFile, EOFError, OSError) as error:
        raise StoreError(f"{path} cannot be read as a list of trades: {error}.") from error
    rows = ((line, ["" if cell is None else str(cell) for cell in row]) for line, row in enumerate(found, 1))
    return _from_rows(path, rows, _JSON_TRADES, None, kind)


def _from_rows(
    path: Path,
    rows: Iterator[tuple[int, list[str]]],
    names: Sequence[str],
    midnight_ns: int | None,
    kind: FileKind,
) -> Sheet:
    at = {name: column for column, name in enumerate(names)}
    _need(path, at, kind)
    wanted = [name for name in (*_NEEDS[kind], *_MAY[kind]) if name in at]
    times, lines, bad = [], [], []
    numbers: dict[str, list[float]] = {name: [] for name in wanted if name not in _TEXTS and name != "time"}
    texts: dict[str, list[str]] = {name: [] for name in wanted if name in _TEXTS}
    unit_ns: int | None = NS_PER_S // 1000 if midnight_ns is not None else None
    while chunk := list(islice(rows, _CHUNK)):
        if unit_ns is None:
            unit_ns = unit_of([row[at["time"]] for _, row in chunk if len(row) > at["time"]])
        for line, row in chunk:
            if not row:
                continue
            try:
                if len(row) != len(names):
                    raise ValueError(f"has {len(row)} columns, not {len(names)}")
                ns = moment(row[at["time"]], unit_ns) + (midnight_ns or 0)
                values = [number(name, row[at[name]]) for name in numbers]
            except ValueError as fault:
                bad.append(BadRow(line, str(fault)))
                continue
            times.append(ns)
            lines.append(line)
            for column, value in zip(numbers.values(), values, strict=True):
                column.append(value)
            for name, cells in texts.items():
                cells.append(row[at[name]])
    return Sheet(
        np.array(times, np.int64),
        {name: np.array(column, np.float64) for name, column in numbers.items()},
        texts,
        np.array(lines, np.int64),
        bad,
    )


def _read_table(path: Path, kind: FileKind) -> Sheet:
    import pyarrow as pa
    import pyarrow.feather as feather
    import pyarrow.parquet as parquet

    try:
        if path.suffix.lower() == ".feather":
            return _from_table(path, feather.read_table(path), kind)
        with parquet.ParquetFile(path) as file:
            return _from_table(path, file.read(), kind)
    except (pa.ArrowException, OSError) as error:
        raise StoreError(f"{path} cannot be read: {error}.") from error


def _from_table(path: Path, table: pa.Table, kind: FileKind) -> Sheet:
    import pyarrow as pa

    names = _canonical(table.column_names, kind)
    at = {name: column for column, name in enumerate(names) if name}
    _need(path, at, kind)
    bad: dict[int, str] = {}
    count = table.num_rows
    time_column = table.column(at["time"])
    if pa.types.is_timestamp(time_column.type) or pa.types.is_date(time_column.type):
        unknown = np.asarray(time_column.is_null().to_numpy(), np.bool_)
        moments = time_column.cast(pa.timestamp("ns", getattr(time_column.type, "tz", None)))
        time = np.asarray(moments.cast(pa.int64()).fill_null(0).to_numpy(), np.int64)
        bad.update(dict.fromkeys(np.flatnonzero(unknown).tolist(), "time is missing"))
    else:
        time = _column_times(["" if cell is None else str(cell) for cell in time_column.to_pylist()], bad)
    texts_are = (pa.types.is_string, pa.types.is_large_string, pa.types.is_dictionary)
    numbers: dict[str, Floats] = {}
    texts: dict[str, list[str]] = {}
    for name in (*_NEEDS[kind][1:], *_MAY[kind]):
        if name not in at:
            continue
        column = table.column(at[name])
        if name in _TEXTS:
            texts[name] = ["" if cell is None else str(cell) for cell in column.to_pylist()]
        elif any(is_text(column.type) for is_text in texts_are):
            numbers[name] = _column_numbers(name, column.to_pylist(), bad)
        else:
            numbers[name] = np.asarray(column.cast(pa.float64()).to_numpy(), np.float64)
    good = np.ones(count, np.bool_)
    good[list(bad)] = False
    kept = np.flatnonzero(good)
    return Sheet(
        time[kept],
        {name: column[kept] for name, column in numbers.items()},
        {name: [cells[i] for i in kept.tolist()] for name, cells in texts.items()},
        kept + 1,
        [BadRow(row + 1, reason) for row, reason in sorted(bad.items())],
    )


def _column_times(cells: list[str], bad: dict[int, str]) -> Ints:
    unit_ns = unit_of(cells[:_CHUNK])
    out = np.zeros(len(cells), np.int64)
    for row, cell in enumerate(cells):
        try:
            out[row] = moment(cell, unit_ns)
        except ValueError as fault:
            bad.setdefault(row, str(fault))
    return out


def _column_numbers(name: str, cells: list[str | None], bad: dict[int, str]) -> Floats:
    out = np.full(len(cells), np.nan)
    for row, cell in enumerate(cells):
        try:
            out[row] = number(name, cell or "")
        except ValueError as fault:
            bad.setdefault(row, str(fault))
    return out


def _canonical(header: Sequence[str], kind: FileKind) -> list[str]:
    """Our names for a header's columns; "" for those we have no use for, and for repeated ones."""
    plain = [cell.strip().strip('"').lower() for cell in header]
    out = [""] * len(plain)
    for name in (*_NEEDS[kind], *_MAY[kind]):
        # the first alias that the header has: `funding_rate` before freqtrade's `open`
        for alias in _ALIASES[name]:
            if alias in plain:
                out[plain.index(alias)] = name
                break
    return out


def _headerless(path: Path, width: int, named: Named) -> Sequence[str]:
    if named.layout == "aggTrades" and width in (7, 8):
        return _AGG_TRADES[:width]
    if named.layout == "trades" and width in (6, 7):
        return _SINGLE_TRADES[:width]
    if named.layout is None and width == len(_KLINE):
        return _KLINE
    if named.layout is None and width in (5, 6):
        return _PLAIN[:width]
    raise UsageError(
        f"{path} has no header, and {width} columns are no layout that is known (Binance's klines have 12, "
        "plain candles 6: time, open, high, low, close, volume). Add a header."
    )


def _need(path: Path, at: dict[str, int], kind: FileKind) -> None:
    if absent := [name for name in _NEEDS[kind] if name not in at]:
        also = " or ".join(repr(alias) for alias in _ALIASES[absent[0]][:3])
        raise UsageError(f"{path} has no column {absent[0]!r}, which {kind} need. Name one {also}.")
