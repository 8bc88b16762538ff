"""A backtest's page: its tear sheet, and curves that can be looked into."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from candlewick.backtest.report.sheet import Row
from candlewick.core.instrument import public_symbol
from candlewick.core.interval import SECONDS
from candlewick.runtime.jobs.kinds.results import TEAR_SHEET
from candlewick.store.models import Job
from candlewick.web.research import results
from candlewick.web.research.shown.words import words_of
from candlewick.web.scripts import script_json

MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DRAWN_LIVE: Final = ("Equity", "Drawdown")
TRADES_DRAWN: Final = "Trades in "  # begins the title of such a drawing
ROWS: Final = 100


def of(job: Job) -> dict[str, Any]:
    """Context of `research/_backtest.html`. Raises StoreDamaged where its files are gone."""
    context = report(results.folder(job), float(job.spec.get("cash", 0)))
    return context | {
        "result_template": "research/_backtest.html",
        "bar_seconds": SECONDS.get(job.spec.get("timeframe", ""), 0),
        # its trades stand on candles that can be looked into
        "drawings": [each for each in context["drawings"] if not each.title.startswith(TRADES_DRAWN)],
    }


def named(trades: list[Row], *, primary: str) -> list[Row]:
    """Trades by the public names of their markets."""
    return [each._replace(symbol=public_symbol(each.symbol, primary=primary)) for each in trades]


def report(place: Path, cash: float) -> dict[str, Any]:
    """The tear sheet of a backtest that lies in a folder. Raises StoreDamaged where its files are gone."""
    sheet = results.sheet(place)
    curves = results.curves(place, cash)
    return {
        "sheet": sheet,
        "drawings": [each for each in sheet.drawings if not curves or each.title not in DRAWN_LIVE],
        "curves_json": script_json(curves) if curves else "",
        "warnings": [words_of(each) for each in sheet.warnings],
        "months": MONTHS,
        "trades": sheet.trades[::-1][:ROWS],
        "trades_left_off": max(sheet.trades_in_all - ROWS, 0),
        "has_tear_sheet": (place / TEAR_SHEET).is_file(),
    }
