"""A measured figure, how it is taken, and the table that sets it against its limit."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One measurement: `measured` in `unit` must be at most `limit` (`at_least`: at least).

    `note` says what a reader needs to judge it: the size of the state, the number of clients.
    """

    name: str
    measured: float
    unit: str
    limit: float
    at_least: bool = False
    note: str = ""

    @property
    def ratio(self) -> float:
        """The part of the limit that is used up: 1.0 is at the limit, less is better."""
        used, allowed = (self.limit, self.measured) if self.at_least else (self.measured, self.limit)
        return used / allowed if allowed else float("inf")

    @property
    def holds(self) -> bool:
        """Whether the limit is kept."""
        return self.ratio <= 1.0


def cpu_seconds(work: Callable[[], object], *, rounds: int = 5) -> float:
    """CPU time of one `work()`, the least of `rounds`.

    CPU time of this process, not the clock on the wall: the machine is shared. The least, because
    whatever disturbs a run only ever adds to it.
    """
    best = float("inf")
    collecting = gc.isenabled()
    for _ in range(rounds):
        gc.collect()
        gc.disable()
        try:
            start = time.process_time()
            work()
            best = min(best, time.process_time() - start)
        finally:
            if collecting:
                gc.enable()
    return best


def table(figures: Iterable[Figure]) -> str:
    """The figures as aligned text: what, measured, limit, ratio, verdict."""
    rows: list[Sequence[str]] = [("", "measured", "limit", "ratio", "")]
    for figure in figures:
        sign = "≥" if figure.at_least else "≤"
        verdict = "ok" if figure.holds else "OVER"
        rows.append(
            (
                figure.name,
                f"{_number(figure.measured)} {figure.unit}",
                f"{sign} {_number(figure.limit)} {figure.unit}",
                f"{figure.ratio:.2f}",
                f"{verdict}  {figure.note}".rstrip(),
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return "\n".join(
        f"{name:<{widths[0]}}  {measured:>{widths[1]}}  {limit:>{widths[2]}}  {ratio:>5}  {verdict}".rstrip()
        for name, measured, limit, ratio, verdict in rows
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
