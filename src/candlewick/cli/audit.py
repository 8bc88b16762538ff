"""`candlewick audit …`: whether anything that was written was changed since."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typer import echo

from candlewick.cli.edge import AsJson, DataDir
from candlewick.cli.printing import print_json
from candlewick.core.errors import StoreError
from candlewick.runtime.settings import Settings, load

if TYPE_CHECKING:
    from candlewick.ledger.fault import Fault

app = typer.Typer(
    name="audit",
    help="Check the audit log, the journal and the ledger.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def _audit() -> None:
    pass  # with a single command Typer would leave its name out


@app.command()
def verify(
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Check every row of the journal and of the audit, and that all that is stored follows from the journal.

    Works beside a running engine. Ends with 1 and a sentence if anything was changed, cut off or lost, or if
    there is nothing to check.
    """
    settings = load(data_dir=data_dir)
    report, faults = look(settings)
    if not faults and not _is_begun(settings):
        raise StoreError(
            f"There is nothing to check: no ledger and no database was begun in {settings.data_dir}. "
            "Name the folder of yours with --data-dir."
        )
    if as_json:
        found = [{"code": fault.code, "text": fault.text} for fault in faults]
        print_json({"whole": not faults, "chains": report, "faults": found})
    elif not faults:
        for name, end in report.items():
            echo(f"{name:<8} {end['rows']:>9,} rows, whole; ends in {end['head'][:16] or '-'}")
        echo("What is stored is what the journal makes.")
    if not faults:
        return
    if not as_json:
        print(f"candlewick: {faults[0].text}", file=sys.stderr)
        for fault in faults[1:]:
            print(f"  also: {fault.text}", file=sys.stderr)
    raise typer.Exit(1)


def _is_begun(settings: Settings) -> bool:
    """Whether anything was ever written down here."""
    from candlewick.store.audit import checking
    from candlewick.store.databases import database_at

    for one, place in ((checking.JOURNAL, settings.ledger), (checking.WEB, settings.rows)):
        if isinstance(place, Path):
            if place.exists():
                return True
            continue
        connection = database_at(place).connect(read_only=True)
        try:
            if connection.has_table(one.table):
                return True
        finally:
            connection.close()
    return False


def look(settings: Settings) -> tuple[dict[str, Any], list[Fault]]:
    """Every chain's length and head, and everything that is wrong; where nothing is, the ends are noted.

    Raises:
        StoreBusy: a database is away.
        StoreError: one cannot be read.
    """
    from candlewick.store import keys
    from candlewick.store.audit import anchor, checking
    from candlewick.store.databases import database_at
    from candlewick.store.journal import replay

    seals = [key.audit for key in keys.load(settings.data_dir, settings.master_key_text, make=False)]
    before = anchor.load(settings.data_dir)
    faults = anchor.require_genuine(before, seals) if before else []
    reports = []
    for one, place in (
        (checking.JOURNAL, settings.ledger),
        (checking.ENGINE, settings.ledger),
        (checking.WEB, settings.rows),
    ):
        end = before.ends.get(one.name) if before else None
        ask = [end.rows] if end else []
        if isinstance(place, Path) and not place.exists():
            report = checking.nothing(one)
        else:
            connection = database_at(place).connect(read_only=True)
            try:
                report = checking.check(connection, one, seals, ask)
            finally:
                connection.close()
        reports.append(report)
        faults += report.faults
        if before:
            faults += anchor.require_kept(before, one, report)
    if not faults and not (isinstance(settings.ledger, Path) and not settings.ledger.exists()):
        faults += replay.faults_of(settings.ledger)
    if seals and not faults:
        anchor.save(settings.data_dir, time.time_ns(), reports, seals[0])
    return {report.chain: {"rows": report.rows, "head": report.head} for report in reports}, faults
