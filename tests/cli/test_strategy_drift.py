"""`candlewick strategy drift` as a person runs it, while no engine does."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from tests.cli.ground import Cli, refused

DRIFT: dict[str, Any] = {
    "as_of": "2026-01-02T00:00:00Z", "expected": 10.0, "actual": 7.5, "gap": -2.5,
    "causes": {"latency": -1.5, "fee": -1.0, "missed_signal": 0.0}, "trades": [],
}  # fmt: skip


def test_it_tells_the_last_drift_of_a_strategy_that_was_stopped(cli: Cli) -> None:
    cli.done("user", "add", "ann", "--role", "trader")
    started = cli.json(
        "strategy", "start", "EmaCross", "--symbol", "BTCUSDT-PERP", "--timeframe", "1h", "--fraction", "0.1"
    )
    refused(cli("strategy", "drift", started["id"]), "No engine runs")
    refused(cli("strategy", "drift", "nothing"), "no strategy 'nothing'", code=2)
    with sqlite3.connect(cli.data_dir / "candlewick.sqlite3") as rows:
        rows.execute(
            "UPDATE store_strategyatwork SET state = 'stopped', drift = ? WHERE id = ?",
            (json.dumps(DRIFT), started["id"]),
        )
    rows.close()
    assert cli.json("strategy", "drift", started["id"]) == DRIFT
    said = " ".join(cli.done("strategy", "drift", started["id"]).split())
    assert "until 2026-01-02T00:00:00Z" in said
    assert "its backtest +10.00" in said
    assert "the gap -2.50" in said
    assert "latency -1.50 fee -1.00" in said
    assert "missed" not in said, "it costs nothing"
