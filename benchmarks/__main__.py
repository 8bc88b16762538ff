"""Run the benches and print one table.

`python -m benchmarks` runs all, `python -m benchmarks decode lake` those that are named. Exits 1 when a
figure is over its limit or a bench failed.
"""

from __future__ import annotations

import sys
import traceback

from benchmarks.report import Figure, show
from benchmarks.suite import names, run_apart


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
        try:
            figures += run_apart(name)
        except Exception:  # noqa: BLE001  the edge: one bench that fails must not hide the others
            traceback.print_exc()
            failed.append(name)
    show(figures)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed or not all(figure.holds for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
