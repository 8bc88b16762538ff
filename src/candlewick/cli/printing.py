"""What every verb prints alike: one JSON document, or a table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from typer import echo


def print_json(document: Any) -> None:
    """The one document on stdout."""
    echo(json.dumps(document))


def table(rows: Sequence[tuple[str, ...]], *, right: tuple[int, ...]) -> None:
    """Rows in columns, those in `right` aligned to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [
            f"{cell:>{width}}" if column in right else f"{cell:<{width}}"
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        echo("  ".join(cells).rstrip())
