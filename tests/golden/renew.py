"""`make golden`: run the golden backtests again, say what changed, and pin that; renew docs/results.md."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from tests.golden.cases import CASES, difference, kept, path_of, pinned, run
from tests.golden.results import PAGE, tables, with_tables


def main() -> None:
    """Renew every case; the differences are for whoever commits them to explain."""
    folder = os.environ.get("MARKET_RECORDINGS", Path(__file__).resolve().parents[2] / "../shared/data")
    recordings = Path(folder).resolve()
    if not recordings.is_dir():
        sys.exit(f"There is no recorded market data at {recordings}: point MARKET_RECORDINGS at it.")
    fresh: dict[str, dict[str, object]] = {}
    for case in CASES:
        new, old = pinned(case, recordings), kept(case.strategy).get(case.name)
        told = "is new" if old is None else difference(old, new, run(case, recordings))
        print(f"{case.strategy}, {case.name}: {told or 'as it was'}")  # noqa: T201 - what it is for
        fresh.setdefault(case.strategy, {})[case.name] = new
    for strategy, cases in fresh.items():
        path_of(strategy).write_text(json.dumps(cases, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8"), tables(recordings)), encoding="utf-8")


if __name__ == "__main__":
    main()
