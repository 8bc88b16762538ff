"""A measured figure, how it is taken, and the table of them: as `candlewick bench` has it."""

from __future__ import annotations

from collections.abc import Sequence

from candlewick.cli.measuring.figure import Figure, cpu_seconds, table

__all__ = ["Figure", "cpu_seconds", "show", "table"]


def show(figures: Sequence[Figure]) -> None:
    """Print the table: what a bench does when it is run by itself."""
    print(table(figures))
