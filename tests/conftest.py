"""Fixtures that every room's tests share, and the rule that nothing is skipped unseen."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.examples import load_profile

load_profile()

pytest_plugins = ["tests.servers"]
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def recordings() -> Path:
    """Folder of recorded market data: `MARKET_RECORDINGS`, or `../shared/data` beside the project."""
    folder = Path(os.environ.get("MARKET_RECORDINGS", ROOT / "../shared/data")).resolve()
    if not folder.is_dir():
        pytest.skip(f"no recorded market data at {folder}; point MARKET_RECORDINGS at it")
    return folder


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """On a build machine a skipped test is a failed one, unless only the recordings are absent."""
    report = yield
    if "CI" in os.environ and report.skipped and not hasattr(report, "wasxfail"):
        reason = str(call.excinfo.value) if call.excinfo is not None else "no reason given"
        if "MARKET_RECORDINGS" not in reason:
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid} was skipped where no test may be: {reason}"
    return report
