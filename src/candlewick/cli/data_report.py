"""What `candlewick data` prints: for people as lines, for programs as one JSON document."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from typer import echo

from candlewick.cli.printing import table

if TYPE_CHECKING:
    from candlewick.runtime.download import Downloaded
    from candlewick.store.lake import SeriesInfo
    from candlewick.store.lake.check import Refused, SeriesReport
    from candlewick.store.lake.importing import Imported

SHOWN: Final = 20


def show_imported(one: Imported) -> None:
    """One imported file; what was refused goes to stderr, by line."""
    counts = [f"{one.new:,} new"]
    for count, word in (
        (one.corrected, "corrected"),
        (one.unchanged, "known already"),
        (len(one.repeated), "repeated in the file"),
        (len(one.refused), "refused"),
    ):
        if count:
            counts.append(f"{count:,} {word}")
    series = " ".join(
        part for part in (one.instrument, one.kind if one.kind != "candles" else "", one.interval) if part
    )
    echo(f"{one.file.name} → {series}: {', '.join(counts)}")
    for row in one.refused[:SHOWN]:
        echo(f"{one.file}:{row.line}: {row.reason}", err=True)
    if len(one.refused) > SHOWN:
        echo(
            f"{one.file}: … and {len(one.refused) - SHOWN:,} more; `candlewick data check` tells all",
            err=True,
        )


def imported_json(one: Imported) -> dict[str, Any]:
    """One imported file."""
    return {
        "file": str(one.file),
        "instrument": one.instrument,
        "kind": one.kind,
        "interval": one.interval,
        "rows": one.rows,
        "new": one.new,
        "corrected": one.corrected,
        "unchanged": one.unchanged,
        "repeated": [{"line": row.line, "reason": row.reason} for row in one.repeated],
        "refused": [{"line": row.line, "reason": row.reason} for row in one.refused],
    }


def show_series(series: list[SeriesInfo]) -> None:
    """Every series as a table."""
    rows = [("instrument", "what", "interval", "rows", "first", "last", "on disk")]
    for info in series:
        size = f"{info.bytes / 1e6:,.1f} MB"
        span = (iso(info.first_s), iso(info.last_s))
        rows.append((info.instrument, info.kind, info.interval, f"{info.rows:,}", *span, size))
    table(rows, right=(3, 6))


def series_json(info: SeriesInfo) -> dict[str, Any]:
    """One series."""
    return {
        "instrument": info.instrument,
        "kind": info.kind,
        "interval": info.interval,
        "rows": info.rows,
        "first": iso(info.first_s),
        "last": iso(info.last_s),
        "bytes": info.bytes,
    }


def downloaded_json(one: Downloaded) -> dict[str, Any]:
    """One series fetched from a venue."""
    return {
        "instrument": one.instrument,
        "interval": one.interval,
        "bars": one.bars,
        "settlements": one.settlements,
        "start": iso(one.start_s),
        "end": iso(one.end_s),
    }


def show_report(report: SeriesReport) -> None:
    """What was found in one series."""
    what = "" if report.kind == "candles" else f"{report.kind} "
    name = f"{report.instrument} {what}{report.interval}".rstrip()
    found = "whole" if report.whole else ""
    echo(f"{name}: {report.rows:,} rows, {iso(report.first_s)} to {iso(report.last_s)}: {found}".rstrip())
    if report.damaged is not None:
        echo(f"  {report.damaged}")
    if report.gaps:
        echo(f"  {report.missing:,} missing in {len(report.gaps):,} gaps")
        for gap in report.gaps[:SHOWN]:
            why = " (the venue has none)" if gap.absent_at_venue else ""
            echo(f"    {iso(gap.start_s)} to {iso(gap.end_s)}: {gap.missing:,}{why}")
        _more(len(report.gaps))
    if report.faults:
        echo(f"  {len(report.faults):,} impossible")
        for fault in report.faults[:SHOWN]:
            echo(f"    {iso(fault.time_s)}: {fault.reason}")
        _more(len(report.faults))
    for rows, what in ((report.duplicates, "duplicates"), (report.refused, "unreadable or impossible rows")):
        if rows:
            echo(f"  {len(rows):,} {what} left out on import")
            for row in rows[:SHOWN]:
                echo(f"    {row.source}:{row.line}: {row.reason}")
            _more(len(rows))


def _more(count: int) -> None:
    if count > SHOWN:
        echo(f"    … and {count - SHOWN:,} more; --json prints all")


def report_json(report: SeriesReport) -> dict[str, Any]:
    """What was found in one series."""
    return {
        "instrument": report.instrument,
        "kind": report.kind,
        "interval": report.interval,
        "rows": report.rows,
        "first": iso(report.first_s),
        "last": iso(report.last_s),
        "whole": report.whole,
        "damaged": report.damaged,
        "missing": report.missing,
        "gaps": [
            {
                "start": iso(gap.start_s),
                "end": iso(gap.end_s),
                "missing": gap.missing,
                "absent_at_venue": gap.absent_at_venue,
            }
            for gap in report.gaps
        ],
        "impossible": [{"time": iso(fault.time_s), "reason": fault.reason} for fault in report.faults],
        "duplicates": [_refused_json(row) for row in report.duplicates],
        "refused": [_refused_json(row) for row in report.refused],
    }


def _refused_json(row: Refused) -> dict[str, Any]:
    return {"file": row.source, "line": row.line, "reason": row.reason}


def iso(time_s: float) -> str:
    """A moment in ISO 8601, UTC."""
    moment = datetime.fromtimestamp(time_s, UTC)
    return moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds").replace(
        "+00:00", "Z"
    )
