"""`Result`: what a backtest answers: the record of its run, with warnings, and the report of it."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from candlewick.backtest.record import Record
from candlewick.backtest.report.page import tear_sheet
from candlewick.backtest.warnings import warnings_of
from candlewick.core.errors import StoreError


class Result(Record):
    """What a backtest found."""

    @cached_property
    def warnings(self) -> list[str]:
        """What a reader of the figures should know, as sentences; the gravest first."""
        return warnings_of(self)

    def to_html(self, path: str | Path) -> Path:
        """Write the tear sheet: one file that needs nothing else. Answers where it stands.

        Raises:
            StoreError: no file can be written there.
        """
        target, page = Path(path).expanduser(), tear_sheet(self)
        try:
            target.write_text(page, encoding="utf-8")
        except OSError as error:
            raise StoreError(
                f"{target} cannot be written: {error.strerror or error}. "
                "Name a file in a folder that is there, and yours to write."
            ) from error
        return target

    def __repr__(self) -> str:
        return (
            f"<{type(self.strategy).__name__} on {', '.join(market.symbol for market in self.markets)}: "
            f"{self.account.cash:,.2f} became {self.equity[-1]:,.2f} in {len(self.trades):,} trades>"
        )
