"""What is wrong with a series: gaps, impossible bars, bars off the grid. Reports; mends nothing."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from candlewick.core.clock import NS_PER_S
from candlewick.core.errors import UsageError
from candlewick.core.interval import seconds
from candlewick.store.lake import manifest, spans
from candlewick.store.lake.cold import DamagedFile
from candlewick.store.lake.columns import Columns, Floats, Ints
from candlewick.store.lake.kinds import FUNDING, KEYED, TRADES, Kind
from candlewick.store.lake.lake import Lake

_DAY_S: Final = 86_400
_DAY_NS: Final = _DAY_S * NS_PER_S
_PRICES: Final = ("open", "high", "low", "close")


@dataclass(frozen=True, slots=True)
class Gap:
    """Rows that should open in [start_s, end_s) and are not here.

    `absent_at_venue` says that the range was fetched completely: the venue has none either.
    """

    start_s: int
    end_s: int
    missing: int
    absent_at_venue: bool


@dataclass(frozen=True, slots=True)
class Fault:
    """A row that cannot be true."""

    time_s: float
    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A row of a file that was not taken over. `line` counts from 1.

    `duplicate` says that an earlier row of the file speaks of the same moment or trade.
    """

    source: str
    line: int
    reason: str
    duplicate: bool


@dataclass(slots=True)
class SeriesReport:
    """What was found in one series, and which rows of files its imports have left out.

    `damaged` names the file that stopped the check of this series; None when all could be read.
    """

    kind: str
    instrument: str
    interval: str
    rows: int
    first_s: float
    last_s: float
    gaps: list[Gap] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    duplicates: list[Refused] = field(default_factory=list)
    damaged: str | None = None

    @property
    def missing(self) -> int:
        """Rows that should be here between the first and the last."""
        return sum(gap.missing for gap in self.gaps)

    @property
    def whole(self) -> bool:
        """Nothing was found."""
        return not (self.gaps or self.faults or self.refused or self.duplicates or self.damaged)


def check(lake: Lake, instrument: str | None = None, interval: str | None = None) -> list[SeriesReport]:
    """Check every series, or those of one instrument and interval.

    Raises:
        UsageError: the lake has no such series.
    """
    chosen = [
        info
        for info in lake.series()
        if instrument in (None, info.instrument) and interval in (None, info.interval)
    ]
    if not chosen and (instrument or interval):
        wanted = " ".join(part for part in (instrument, interval) if part)
        raise UsageError(f"The lake has no {wanted}. `candlewick data list` shows what it has.")
    return [_check_series(lake, info) for info in chosen]


def _check_series(lake: Lake, info: manifest.SeriesInfo) -> SeriesReport:
    try:
        report = _examine(lake, info)
    except DamagedFile as error:
        report = SeriesReport(*info[:6], damaged=str(error))
    for row in refused_rows(lake, info.kind, info.instrument, info.interval):
        (report.duplicates if row.duplicate else report.refused).append(row)
    return report


def _examine(lake: Lake, info: manifest.SeriesInfo) -> SeriesReport:
    if info.kind == TRADES:
        return _check_trades(lake, info)
    kind = KEYED[info.kind]
    rows = lake.rows(kind, info.instrument, info.interval, with_rev=False)
    if not info.interval:
        return _check_moments(kind, info.instrument, rows)
    covered = lake.coverage(info.instrument, info.interval) if info.kind == "candles" else []
    return check_candles(info.kind, info.instrument, info.interval, rows, covered)


def _check_trades(lake: Lake, info: manifest.SeriesInfo) -> SeriesReport:
    """Check each trade by itself, a day at a time; that none is missing only the venue can tell."""
    report = SeriesReport(info.kind, info.instrument, "", 0, info.first_s, info.last_s)
    for day in range(info.first_s // _DAY_S, info.last_s // _DAY_S + 1):
        for trade in lake.trades(info.instrument, day * _DAY_NS, (day + 1) * _DAY_NS):
            report.rows += 1
            if not (0 < trade.price < math.inf and 0 < trade.quantity < math.inf):
                reason = f"trade {trade.id} is of {trade.quantity:g} at {trade.price:g}"
                report.faults.append(Fault(trade.ts_exchange / NS_PER_S, reason))
    return report


def check_candles(
    kind: str, instrument: str, interval: str, rows: Columns, covered: Iterable[spans.Span] = ()
) -> SeriesReport:
    """Check candles (at least one), whose times rise, against their interval and each against itself."""
    step = seconds(interval)
    time = rows.time
    report = SeriesReport(kind, instrument, interval, len(rows), int(time[0]), int(time[-1]))
    known = spans.merged(covered)
    # bars off the grid are faults below; a gap is counted between bars of the grid
    grid = np.unique(time - time % step)
    for at in np.flatnonzero(np.diff(grid) > step).tolist():
        start, end = int(grid[at]) + step, int(grid[at + 1])
        absent = spans.holds(known, start, end)
        report.gaps.append(Gap(start, end, (end - start) // step, absent))
    report.faults = [
        Fault(int(time[at]), reason)
        for at, reason in sorted(bar_faults(rows.values, time % step != 0).items())
    ]
    return report


def bar_faults(values: dict[str, Floats], off_grid: NDArray[np.bool_]) -> dict[int, str]:
    """Position → why this bar cannot be true; a volume that is unknown (NaN) is no fault."""
    faults: dict[int, str] = {}

    def tell(wrong: NDArray[np.bool_], reason: str) -> None:
        for at in np.flatnonzero(wrong).tolist():
            faults.setdefault(at, reason)

    o, h, low, c = (values[name] for name in _PRICES)
    for name in _PRICES:
        tell(~np.isfinite(values[name]), f"{name} is not a number")
    for name in _PRICES:
        tell(values[name] <= 0, f"{name} is not above zero")
    tell(h < low, "high is below low")
    tell((o > h) | (o < low), "open is outside high and low")
    tell((c > h) | (c < low), "close is outside high and low")
    volume = values["volume"]
    tell(np.isinf(volume), "volume is not a number")
    tell(volume < 0, "volume is negative")
    tell(off_grid, "time is not a multiple of the interval")
    return faults


def _check_moments(kind: Kind, instrument: str, rows: Columns) -> SeriesReport:
    """Check what happens at moments; gaps only for funding, which has a rhythm."""
    unit = NS_PER_S if kind.ns else 1
    first_s, last_s = int(rows.time[0]) / unit, int(rows.time[-1]) / unit
    report = SeriesReport(kind.name, instrument, "", len(rows), first_s, last_s)
    name = kind.values[0]
    for at in np.flatnonzero(~np.isfinite(rows.values[name])).tolist():
        report.faults.append(Fault(int(rows.time[at]) / unit, f"{name} is not a number"))
    if kind is FUNDING:
        report.gaps = _rhythm_gaps(rows.time)
    return report


def _rhythm_gaps(time_s: Ints) -> list[Gap]:
    """Spacings longer than the rhythm, to the minute (stamps jitter).

    A venue changes the rhythm of an instrument (8 h, 4 h, 1 h) with the market, so every spacing that is
    frequent, a twentieth of all, counts as regular; a gap is measured in the last regular one before it.
    """
    minutes = np.rint(np.diff(time_s) / 60).astype(np.int64)
    spacings, counts = np.unique(minutes, return_counts=True)
    often = (counts >= max(3, minutes.size / 20)) & (spacings > 0)
    regular = set(spacings[often].tolist())
    if not regular:
        return []
    usual = int(spacings[often][np.argmax(counts[often])])
    gaps = []
    for at, spacing in enumerate(minutes.tolist()):
        if spacing in regular:
            usual = spacing
        elif missing := max(0, round(spacing / usual) - 1):
            gaps.append(Gap(int(time_s[at]) + usual * 60, int(time_s[at + 1]), missing, False))
    return gaps


def refused_rows(lake: Lake, kind: str, instrument: str, interval: str) -> list[Refused]:
    """Rows that imports into this series have refused, by file and line."""
    with lake.database.read() as connection:
        series = manifest.find_series(connection, kind, instrument, interval)
        found = connection.execute(
            "SELECT source, line, reason, duplicate FROM refused WHERE series = ? ORDER BY source, line",
            (series,),
        )
        return [Refused(source, line, reason, bool(twice)) for source, line, reason, twice in found]


def remember_refused(
    lake: Lake, kind: str, instrument: str, interval: str, source: str, rows: Iterable[Refused]
) -> None:
    """Replace what is remembered of `source` by `rows`, so that `check` can still tell of them."""
    with lake.database.write() as connection:
        series = manifest.make_series(connection, kind, instrument, interval)
        connection.execute("DELETE FROM refused WHERE series = ? AND source = ?", (series, source))
        connection.executemany(
            "INSERT INTO refused VALUES (?, ?, ?, ?, ?)",
            [(series, source, row.line, row.reason, row.duplicate) for row in rows],
        )
