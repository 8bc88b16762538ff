"""How far a strategy at work is from its backtest, in words: each cause in money, the trades side by side."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from candlewick.web.components import figures as text

CAUSES: Final = {
    "latency": ("Latency", "the market moved until the order was sent"),
    "slippage": ("Slippage", "the price moved until it was filled"),
    "price": ("Price", "a stop or target stood elsewhere"),
    "exit": ("Exit", "it ended for another reason"),
    "fee": ("Fees", "other fees were paid"),
    "funding": ("Funding", "other funding was paid or received"),
    "size": ("Size", "it was larger or smaller"),
    "missed_signal": ("Missed signals", "the backtest traded, and it did not"),
    "extra_trade": ("Trades of its own", "it traded, and the backtest did not"),
}
ROWS: Final = 50


def told(drift: Mapping[str, Any]) -> dict[str, Any]:
    """The context of the page's part."""
    causes = drift["causes"]
    largest = max((abs(value) for value in causes.values()), default=0.0)
    return {
        "head": [
            _figure("Its backtest", drift["expected"], "on the same bars since it began"),
            _figure("What it made", drift["actual"], "at the same prices"),
            _figure("The gap", drift["gap"], "the causes below sum to it"),
        ],
        "causes": [
            {
                "title": title,
                "why": why,
                "figure": text.signed(causes[name]),
                "part": int(100 * abs(causes[name]) / largest) if largest else 0,
            }
            for name, (title, why) in CAUSES.items()
            if causes.get(name)
        ],
        "rows": [_row(each) for each in reversed(drift["trades"][-ROWS:])],
    }


def _row(pair: Mapping[str, Any]) -> dict[str, Any]:
    known = pair["actual"] or pair["expected"]
    worst = max(pair["causes"].items(), key=lambda each: abs(each[1]), default=("", 0.0))
    return {
        "symbol": known["symbol"],
        "side": known["side"].capitalize(),
        "entered": datetime.fromtimestamp(known["entry_time"], UTC).strftime("%Y-%m-%d %H:%M"),
        "expected": text.signed(None if pair["expected"] is None else pair["expected"]["pnl"]),
        "actual": text.signed(None if pair["actual"] is None else pair["actual"]["pnl"]),
        "gap": text.signed(pair["gap"]),
        "cause": CAUSES.get(worst[0], ("", ""))[0] if worst[1] else "",
    }


def _figure(label: str, value: float, note: str) -> dict[str, str]:
    figure = text.signed(value)
    return {"label": label, "text": figure.text, "tone": figure.way, "note": note}
