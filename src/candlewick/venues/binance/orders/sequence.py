"""Reports in the order in which things happened, also when some of them were missed.

What a contract's closing made depends on what was opened before it. So while fills of an instrument are
known to be missing, those that came after them wait; they are handed on by the venue's own numbers once the
missing ones are there, each order's end after its fills. Everything else is handed on at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from candlewick.core.reports import Fill, Gone, Report


class Sequence:
    """Holds fills and ends back while they would be out of order.

    Attributes:
        fills: how many fills have come by.
    """

    def __init__(self, instrument_of: Callable[[str], str], must_wait: Callable[[str], bool]) -> None:
        """`instrument_of` an order's id; `must_wait` tells whether fills of an instrument are missing."""
        self.fills = 0
        self._instrument_of = instrument_of
        self._must_wait = must_wait
        self._waiting: dict[str, list[Fill | Gone]] = {}

    def take(self, reports: Iterable[Report]) -> list[Report]:
        """Take reports in; those that may be told, in order."""
        free: list[Report] = []
        for report in reports:
            if isinstance(report, Fill):
                self.fills += 1
                self._waiting.setdefault(report.instrument, []).append(report)
            elif isinstance(report, Gone):
                self._waiting.setdefault(self._instrument_of(report.order_id), []).append(report)
            else:
                free.append(report)
        return free + self.let_go()

    def let_go(self, *, at_any_rate: bool = False) -> list[Report]:
        """What needs not wait any more; `at_any_rate`: all of it, for the missing cannot be had now."""
        free: list[Report] = []
        for instrument in list(self._waiting):
            if self._must_wait(instrument) and not at_any_rate:
                continue
            waiting = self._waiting.pop(instrument)
            fills = [each for each in waiting if isinstance(each, Fill)]
            fills.sort(key=lambda fill: int(fill.id))
            free += fills
            free += (each for each in waiting if isinstance(each, Gone))
        return free
