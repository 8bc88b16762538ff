"""Bars to study, and studies that have ended in a way that a test chooses."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Final

import numpy as np

from candlewick.core.clock import NS_PER_S
from candlewick.core.events import Candle
from candlewick.runtime.jobs import desk
from candlewick.store.lake import Lake
from candlewick.store.models import Job, JobState

START: Final = 1_704_067_200  # 2024-01-01
HOURS: Final = 24 * 60
PERP: Final = "sim:BTCUSDT-PERP"
SPOT: Final = "sim:BTCUSDT"


def put_bars(lake: Lake, *ids: str, hours: int = HOURS, seed: int = 7, first: int = 0) -> None:
    """Hours of a market that wanders, all of them closed."""
    for number, id in enumerate(ids):
        rng = np.random.default_rng(seed + number)
        close = 50_000 * np.exp(np.cumsum(rng.normal(0, 0.01, hours)))
        lake.put_candles([_candle(id, at, close) for at in range(first, hours)])


def asked(**changes: Any) -> dict[str, Any]:
    """A backtest as a program asks for it."""
    return {"strategy": "EmaCross", "symbols": ["BTCUSDT-PERP"], "timeframe": "1h"} | changes


def typed(**changes: str) -> dict[str, str]:
    """The same as a person types it."""
    return {
        "kind": "backtest",
        "strategy": "EmaCross",
        "market": "BTCUSDT-PERP|1h",
        "start": "2024-01-01",
        "end": "2024-02-01",
        "cash": "10000",
        "fee_taker": "0.05",
        "act": "run",
    } | changes


def ended(owner: int, state: JobState, *, kind: str = "backtest", **changes: Any) -> Job:
    """A study that a worker is through with."""
    job = desk.submit(owner, kind, changes.pop("spec", {}), name=changes.pop("name", "A study"))
    now = time.time_ns()
    Job.objects.filter(pk=job.pk).update(state=state, started_ns=now - NS_PER_S, ended_ns=now, **changes)
    return Job.objects.get(pk=job.pk)


def folder_with(path: Path, **files: str) -> Path:
    """A folder of strategies."""
    path.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (path / f"{name}.py").write_text(text)
    return path


def minute(id: str, at: int, price: float = 50_000.0) -> Candle:
    """A closed minute, `at` minutes after the first one, in which nothing moves."""
    moment = START + 60 * at
    known = (moment + 60) * NS_PER_S
    return Candle(id, "1m", moment, price, price, price, price, 1.0, True, known, known)


def _candle(id: str, at: int, close: Any) -> Candle:
    opened, closed = float(close[max(at - 1, 0)]), float(close[at])
    moment = START + at * 3_600
    known = (moment + 3_600) * NS_PER_S
    return Candle(
        id, "1h", moment, opened, max(opened, closed), min(opened, closed), closed, 5.0, True, known, known
    )  # fmt: skip
