"""The benches there are, and how one is run in a process of its own."""

from __future__ import annotations

import importlib
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from benchmarks.report import Figure


def names() -> list[str]:
    """What can be run: `decode` for bench_decode.py."""
    return sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py"))


def run(name: str) -> list[Figure]:
    """The figures of one bench."""
    figures: list[Figure] = importlib.import_module(f"benchmarks.bench_{name}").main()
    return figures


def run_apart(name: str) -> list[Figure]:
    """The figures of one bench, in a fresh process: what another imported or left behind is not there."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(run, name).result()
