"""What every verb prints alike: one JSON document, or a table."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TextIO

from typer import echo

_stdout: ContextVar[TextIO | None] = ContextVar("stdout_of_the_document", default=None)


def print_json(document: Any) -> None:
    """The one document on stdout."""
    echo(json.dumps(document), file=_stdout.get())


@contextmanager
def document_alone(wanted: bool) -> Iterator[None]:
    """Keep stdout for `print_json`, if that is wanted: whatever a person's strategy prints goes to stderr.

    Also what it writes to the descriptor itself, and what the processes write that it is run in.
    """
    if not wanted:
        yield
        return
    sys.stdout.flush()
    with os.fdopen(os.dup(1), "w") as stdout:
        os.dup2(2, 1)
        token = _stdout.set(stdout)
        try:
            yield
        finally:
            sys.stdout.flush()
            os.dup2(stdout.fileno(), 1)
            _stdout.reset(token)


def table(rows: Sequence[tuple[str, ...]], *, right: tuple[int, ...]) -> None:
    """Rows in columns, those in `right` aligned to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [
            f"{cell:>{width}}" if column in right else f"{cell:<{width}}"
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        echo("  ".join(cells).rstrip())
