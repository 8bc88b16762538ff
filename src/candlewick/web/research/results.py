"""What a study found, read from its folder. Nothing is computed again; a file that is missing is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import orjson
from django.conf import settings

from candlewick.backtest.report.sheet import Sheet
from candlewick.core.errors import StoreDamaged
from candlewick.runtime.jobs.folders import folder_of
from candlewick.runtime.jobs.kinds.results import SHEET, TEAR_SHEET
from candlewick.runtime.jobs.studies import LOG
from candlewick.store.models import Job
from candlewick.web.people.identity import Person
from candlewick.web.research import drawing

BEST: Final = "best"  # where a search keeps the backtest of its best set
_GONE: Final = "What this study found is not in its folder any more: run it again."
_TAIL: Final = 20_000  # bytes of a log that are shown


def folder(job: Job) -> Path:
    """Where its files lie."""
    return folder_of(settings.DATA_DIR, job.pk)


def whole(job: Job) -> dict[str, Any]:
    """The result as its process wrote it.

    Raises:
        StoreDamaged: the file is gone.
    """
    return _json(folder(job) / job.result_path)


def sheet(place: Path) -> Sheet:
    """What stands on the tear sheet of a backtest that lies in a folder.

    Raises:
        StoreDamaged: the file is gone.
    """
    try:
        return msgspec.json.decode((place / SHEET).read_bytes(), type=Sheet)
    except (FileNotFoundError, msgspec.DecodeError):
        raise StoreDamaged(_GONE) from None


def tear_sheet(job: Job) -> Path | None:
    """The tear sheet as a file of its own; None if there is none."""
    paths = (place / TEAR_SHEET for place in (folder(job), folder(job) / BEST))
    return next((path for path in paths if path.is_file()), None)


def curves(place: Path, cash: float) -> dict[str, Any]:
    """Equity and drawdown of a backtest in a folder, as charts draw them; empty if they are gone."""
    try:
        time = np.load(place / "time.npy", mmap_mode="r")
        equity = np.load(place / "equity.npy", mmap_mode="r")
    except FileNotFoundError:
        return {}
    return {
        "equity": drawing.curve(time, equity),
        "drawdown": drawing.curve(time, drawing.drawdown(equity, cash)),
    }


def log_tail(job: Job) -> str:
    """The end of what the study printed."""
    path = folder(job) / LOG
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(size - _TAIL, 0))
        return file.read().decode(errors="replace")


def code_for(person: Person, source: str, fault: int | None = None) -> list[tuple[int, str, bool]] | None:
    """A strategy's text as numbered lines, the one at `fault` marked; None: it is not for them to read."""
    return list(_lines(source, fault)) if person.reads_code else None


def _lines(source: str, fault: int | None) -> Iterator[tuple[int, str, bool]]:
    for number, line in enumerate(source.splitlines(), 1):
        yield number, line, number == fault


def _json(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = orjson.loads(path.read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):
        raise StoreDamaged(_GONE) from None
    return found
