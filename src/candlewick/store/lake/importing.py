"""History files into the lake: what is new is written, what is wrong is told by line, nothing is mended."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from candlewick.core.clock import NS_PER_S, Clock, SystemClock
from candlewick.core.errors import UsageError
from candlewick.core.events import Trade
from candlewick.core.interval import INTERVALS, SECONDS, seconds
from candlewick.store.lake.check import Refused, bar_faults, remember_refused
from candlewick.store.lake.columns import Columns, Floats, Ints
from candlewick.store.lake.kinds import FUNDING, KEYED, Kind
from candlewick.store.lake.lake import Lake
from candlewick.store.lake.layout import split_instrument
from candlewick.store.lake.names import FileKind, read_name
from candlewick.store.lake.sheet import BadRow, Sheet, read_sheet

_TRADE_BATCH: Final = 5_000
_PRICES: Final = ("open", "high", "low", "close")


@dataclass(slots=True)
class Imported:
    """What became of one file: each of its `rows` is counted or listed once below.

    `repeated` are rows that say again what an earlier row of the same file said: left out, and no fault.
    """

    file: Path
    instrument: str
    interval: str
    kind: FileKind
    rows: int = 0
    new: int = 0
    corrected: int = 0
    unchanged: int = 0
    repeated: list[BadRow] = field(default_factory=list)
    refused: list[BadRow] = field(default_factory=list)


def import_file(
    lake: Lake,
    path: Path,
    *,
    venue: str | None = None,
    symbol: str | None = None,
    interval: str | None = None,
    clock: Clock | None = None,
) -> Imported:
    """Take a file over into the lake. `venue`, `symbol`, `interval` override what its name tells.

    Importing a file twice changes nothing; a row that differs from what the lake has replaces it.

    Raises:
        UsageError: it is not told what the file holds, or it cannot be kept.
        StoreError: the file or the lake cannot be read or written.
    """
    named = read_name(path)
    kind = named.kind
    symbol = symbol or named.symbol
    if kind is None:
        raise UsageError(
            f"{path.name}: this kind of file is not known. Candles, mark, funding and trades are."
        )
    if symbol is None:
        raise UsageError(f"{path.name} does not tell its symbol. Say it with --symbol.")
    instrument = f"{(venue or named.venue).lower()}:{symbol.upper()}"
    split_instrument(instrument)
    sheet = read_sheet(path, named, kind)
    now_ns = (clock or SystemClock()).now_ns()
    if kind == "trades":
        done = _import_trades(lake, Imported(path, instrument, "", kind), sheet, now_ns)
    elif kind == "funding":
        done = _import_funding(lake, Imported(path, instrument, "", kind), sheet, now_ns)
    else:
        interval = interval or named.interval or _spacing(path, sheet)
        seconds(interval)
        done = _import_candles(lake, Imported(path, instrument, interval, kind), sheet, now_ns)
    done.refused = sorted([*sheet.bad, *done.refused], key=lambda row: row.line)
    done.rows = sheet.time.size + len(sheet.bad)
    left_out = [*done.refused, *done.repeated]
    told = [Refused(path.name, row.line, row.reason, row.duplicate) for row in left_out]
    remember_refused(lake, kind, instrument, done.interval, path.name, told)
    return done


def _import_candles(lake: Lake, done: Imported, sheet: Sheet, now_ns: int) -> Imported:
    kind, step = KEYED[done.kind], seconds(done.interval)
    values = {name: sheet.numbers.get(name, np.full(sheet.time.size, np.nan)) for name in kind.values}
    faults = bar_faults(values, sheet.time % (step * NS_PER_S) != 0)
    volume = values["volume"]
    if done.kind == "candles" and not np.all(np.isnan(volume)):
        for at in np.flatnonzero(np.isnan(volume)).tolist():
            faults.setdefault(at, "volume is not a number")
    kept = _distinct(done, sheet, sheet.time, [values[name] for name in (*_PRICES, "volume")], faults)
    time = sheet.time[kept] // NS_PER_S
    rows = Columns(
        time,
        {name: column[kept] for name, column in values.items()},
        (time + step) * NS_PER_S <= now_ns,
        np.full(time.size, now_ns, np.int64),
    )
    fresh = _compare(lake, done, kind, rows, compared=(*_PRICES, "volume"))
    if len(fresh):
        lake.put_rows(kind, done.instrument, done.interval, fresh)
    if done.kind == "candles":
        # a bar that is here needs no fetching; a hole stays one, for a venue may still know it
        lake.mark_all_covered(done.instrument, done.interval, _runs(rows.time[rows.closed], step))
    return done


def _import_funding(lake: Lake, done: Imported, sheet: Sheet, now_ns: int) -> Imported:
    rate = sheet.numbers["rate"]
    time = (sheet.time + NS_PER_S // 2) // NS_PER_S
    values = {
        "rate": rate,
        "mark": sheet.numbers.get("mark", np.full(time.size, np.nan)),
        "offset_ns": (sheet.time - time * NS_PER_S).astype(np.float64),
    }
    faults = dict.fromkeys(np.flatnonzero(~np.isfinite(rate)).tolist(), "rate is not a number")
    kept = _distinct(done, sheet, time, [rate], faults)
    rows = Columns(
        time[kept],
        {name: column[kept] for name, column in values.items()},
        np.ones(kept.size, np.bool_),
        np.full(kept.size, now_ns, np.int64),
    )
    fresh = _compare(lake, done, FUNDING, rows, compared=("rate",))
    if len(fresh):
        lake.put_rows(FUNDING, done.instrument, "", fresh)
    return done


def _import_trades(lake: Lake, done: Imported, sheet: Sheet, now_ns: int) -> Imported:
    trades: dict[int | str, Trade] = {}
    for at, line in enumerate(sheet.lines.tolist()):
        try:
            trade = _trade(done.instrument, sheet, at, now_ns)
        except ValueError as fault:
            done.refused.append(BadRow(line, str(fault)))
            continue
        if trade.id not in trades:
            trades[trade.id] = trade
        elif trades[trade.id] == trade:
            done.repeated.append(BadRow(line, f"repeats trade {trade.id}", duplicate=True))
        else:
            reason = f"contradicts an earlier line on trade {trade.id}"
            done.refused.append(BadRow(line, reason, duplicate=True))
    if not trades:
        return done
    times = [trade.ts_exchange for trade in trades.values()]
    known = {trade.id for trade in lake.trades(done.instrument, min(times), max(times) + 1)}
    fresh = [trade for trade in trades.values() if trade.id not in known]
    for start in range(0, len(fresh), _TRADE_BATCH):
        lake.put_trades(done.instrument, fresh[start : start + _TRADE_BATCH])
    done.new, done.unchanged = len(fresh), len(trades) - len(fresh)
    return done


def _trade(instrument: str, sheet: Sheet, at: int, now_ns: int) -> Trade:
    price, quantity = float(sheet.numbers["price"][at]), float(sheet.numbers["quantity"][at])
    for name, value in (("price", price), ("quantity", quantity)):
        if not (np.isfinite(value) and value > 0):
            raise ValueError(f"{name} is not above zero")
    id = sheet.texts["id"][at].strip()
    if not id:
        raise ValueError("id is missing")
    if "side" in sheet.texts:
        side = sheet.texts["side"][at].strip().lower()
    else:
        maker = sheet.texts.get("buyer_is_maker", [""] * (at + 1))[at].strip().lower()
        side = {"true": "sell", "false": "buy"}.get(maker, "")
    if side not in ("buy", "sell"):
        raise ValueError("side is neither buy nor sell")
    first, last = (sheet.numbers.get(name) for name in ("first_id", "last_id"))
    return Trade(
        instrument=instrument,
        id=int(id) if id.isdecimal() and len(id) < 19 else id,
        price=price,
        quantity=quantity,
        side="buy" if side == "buy" else "sell",
        ts_exchange=int(sheet.time[at]),
        ts_received=now_ns,
        first_id=None if first is None or np.isnan(first[at]) else int(first[at]),
        last_id=None if last is None or np.isnan(last[at]) else int(last[at]),
    )


def _distinct(
    done: Imported, sheet: Sheet, time: Ints, compared: list[Floats], faults: dict[int, str]
) -> NDArray[np.intp]:
    """Positions to take over, times strictly rising; faulty and contradicting rows are refused."""
    lines = sheet.lines
    for at, reason in sorted(faults.items()):
        done.refused.append(BadRow(int(lines[at]), reason))
    good = np.ones(time.size, np.bool_)
    good[list(faults)] = False
    order = np.flatnonzero(good)
    order = order[np.argsort(time[order], kind="stable")]
    kept: list[int] = []
    repeats = np.flatnonzero(np.append(False, time[order][1:] == time[order][:-1]))
    if not repeats.size:
        return order
    for at in order.tolist():
        if not kept or time[kept[-1]] != time[at]:
            kept.append(at)
        else:
            first, line = kept[-1], int(lines[at])
            # NaN is unknown, and the unknown contradicts nothing
            if all(column[first] == column[at] or np.isnan(column[first]) for column in compared):
                done.repeated.append(BadRow(line, f"repeats line {lines[first]}", duplicate=True))
            else:
                reason = f"contradicts line {lines[first]}: same time, other values"
                done.refused.append(BadRow(line, reason, duplicate=True))
    return np.array(kept, np.intp)


def _compare(lake: Lake, done: Imported, kind: Kind, rows: Columns, compared: tuple[str, ...]) -> Columns:
    """Count what is new, corrected and unchanged against the lake; returns what is worth writing."""
    if not len(rows):
        return rows
    have = lake.rows(kind, done.instrument, done.interval, int(rows.time[0]), int(rows.time[-1]) + 1)
    if not len(have):
        done.new = len(rows)
        return rows
    at = np.minimum(np.searchsorted(have.time, rows.time), len(have) - 1)
    known = have.time[at] == rows.time
    same = known & (have.closed[at] >= rows.closed)
    for name in compared:
        ours, theirs = have.values[name][at], rows.values[name]
        same &= (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))
    done.new = int(np.sum(~known))
    done.unchanged = int(np.sum(same))
    done.corrected = len(rows) - done.new - done.unchanged
    return rows.take(~same)


def _runs(time: Ints, step: int) -> list[tuple[int, int]]:
    """Ranges in which bar follows bar."""
    if not time.size:
        return []
    breaks = np.flatnonzero(np.diff(time) != step)
    starts = time[np.concatenate(([0], breaks + 1))]
    ends = time[np.concatenate((breaks, [time.size - 1]))] + step
    return list(zip(starts.tolist(), ends.tolist(), strict=True))


def _spacing(path: Path, sheet: Sheet) -> str:
    """The interval that a file without one in its name has: its most frequent spacing."""
    if sheet.time.size > 1:
        gaps, counts = np.unique(np.diff(np.sort(sheet.time)), return_counts=True)
        usual = int(gaps[np.argmax(counts)])
        for name, length in SECONDS.items():
            if length * NS_PER_S == usual:
                return name
    raise UsageError(
        f"{path.name} does not tell its interval. Say it with --timeframe ({', '.join(INTERVALS)})."
    )
