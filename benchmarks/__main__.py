"""Run the benches, each in a process of its own, and print one table.

`python -m benchmarks` runs all, `python -m benchmarks decode lake` those that are named. Exits 1 when a
figure is over its limit or a bench failed.
"""

from __future__ import annotations

import importlib
import sys
import traceback
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from benchmarks.report import Figure, show


def names() -> list[str]:
    """The benches there are: `decode` for bench_decode.py."""
    return sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py"))


def run(name: str) -> list[Figure]:
    """The figures of one bench."""
    figures: list[Figure] = importlib.import_module(f"benchmarks.bench_{name}").main()
    return figures


def main(wanted: list[str]) -> int:
    """Run the `wanted` benches, all when none is named."""
    unknown = sorted(set(wanted) - set(names()))
    if unknown:
        print(f"No bench is called {', '.join(unknown)}; there are {', '.join(names())}.", file=sys.stderr)
        return 2
    figures: list[Figure] = []
    failed: list[str] = []
    for name in wanted or names():
        print(f"bench {name} …", file=sys.stderr, flush=True)
        # a fresh process each: one bench's imports, caches and garbage are not another's
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
            try:
                figures += process.submit(run, name).result()
            except Exception:  # noqa: BLE001  the edge: one bench that fails must not hide the others
                traceback.print_exc()
                failed.append(name)
    show(figures)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed or not all(figure.holds for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
