"""What is kept of a backtest in its study's folder: figures as JSON, columns as arrays, no pickles.

result.json     figures, warnings, costs, markets, parameters; trades as people read them
sheet.json      the sections of its tear sheet, in words and drawings
tearsheet.html  the same as one file that needs nothing else
equity.npy      worth of the account at each bar's close, float64
time.npy        open times of the bars, UTC seconds, int64
fills.npy       every fill, records of `fills.state.FILL`
trades.npy      every trade, records of `fills.state.TRADE`
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, Final

import msgspec
import numpy as np
import orjson

from candlewick.backtest.report import sections, tear_sheet
from candlewick.backtest.result import Result
from candlewick.backtest.trades import Trade
from candlewick.core.clock import NS_PER_S, iso

FILE: Final = "result.json"
SHEET: Final = "sheet.json"
TEAR_SHEET: Final = "tearsheet.html"
TRADES: Final = 5_000  # of more, the newest; all of them are in trades.npy
HEADLINE: Final = (
    "total_return", "cagr", "sharpe", "sortino", "calmar", "max_drawdown", "trades", "win_rate",
    "profit_factor", "expectancy", "exposure",
)  # fmt: skip


def keep(folder: Path, result: Result) -> dict[str, Any]:
    """Write a result, and give its headline figures."""
    for name, column in (
        ("equity", result.equity), ("time", result.time), ("fills", result.fills),
        ("trades", result.trades.rows),
    ):  # fmt: skip
        write_array(folder / f"{name}.npy", column)
    described = describe(result)
    write_json(folder / FILE, described)
    _write(folder / SHEET, lambda file: file.write(msgspec.json.encode(sections(result))))
    _write(folder / TEAR_SHEET, lambda file: file.write(tear_sheet(result).encode()))
    figures = described["metrics"]
    return {name: figures[name] for name in HEADLINE if name in figures} | {
        "warnings": len(described["warnings"]),
        "final_equity": described["final_equity"],
    }


def describe(result: Result, most: int | None = TRADES) -> dict[str, Any]:
    """A result as JSON has it; None is unknown. Of more trades than `most` the newest."""
    trades = result.trades
    return {
        "strategy": type(result.strategy).__name__,
        "parameters": result.strategy.values,
        "markets": [market.symbol for market in result.markets],
        "timeframe": result.timeframe,
        "bars": len(result.time),
        "start": _time(int(result.time[0])),
        "end": _time(int(result.time[-1])),
        "account": asdict(result.account),
        "final_equity": float(result.equity[-1]),
        "metrics": dict(result.metrics),
        "warnings": result.warnings,
        "skipped": dict(result.skipped),
        "drive": result.drive,
        "trade_count": len(trades),
        "trades": [described(trade) for trade in trades[-most if most else None :]],
    }


def write_json(path: Path, document: dict[str, Any]) -> None:
    """Write a document, whole or not at all; what is no number becomes null."""
    text = orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
    _write(path, lambda file: file.write(text))


def write_array(path: Path, column: Any) -> None:
    """Write an array, whole or not at all."""
    _write(path, lambda file: np.save(file, column))


def described(trade: Trade) -> dict[str, Any]:
    """A trade as JSON has it."""
    row = trade._asdict()
    row["return"] = row.pop("return_")
    for name in ("entry_time", "exit_time"):
        row[name] = None if row[name] is None else _time(int(row[name].timestamp()))
    return row


def _time(time_s: int) -> str:
    return iso(time_s * NS_PER_S)


def _write(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Whole or not at all: whoever reads a study that is run again sees the old file or the new one."""
    fresh = path.with_suffix(".part")
    with fresh.open("wb") as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(path)
