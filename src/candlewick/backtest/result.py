"""`Result`: what a backtest answers: the record of its run, with warnings, and the report of it."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from candlewick.backtest.record import Record
from candlewick.backtest.report.page import tear_sheet
from candlewick.backtest.warnings import warnings_of


class Result(Record):
    """What a backtest found."""

    @cached_property
    def warnings(self) -> list[str]:
        """What a reader of the figures should know, as sentences; the gravest first."""
        return warnings_of(self)

    def to_html(self, path: str | Path) -> Path:
        """Write the tear sheet: one file that needs nothing else. Answers where it stands."""
        target = Path(path)
        target.write_text(tear_sheet(self), encoding="utf-8")
        return target

    def __repr__(self) -> str:
        return (
            f"<{type(self.strategy).__name__} on {', '.join(market.symbol for market in self.markets)}: "
            f"{self.account.cash:,.2f} became {self.equity[-1]:,.2f} in {len(self.trades):,} trades>"
        )
