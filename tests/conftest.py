"""Fixtures that every room's tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def recordings() -> Path:
    """Folder of recorded market data: `MARKET_RECORDINGS`, or `../shared/data` beside the project."""
    folder = Path(os.environ.get("MARKET_RECORDINGS", ROOT / "../shared/data")).resolve()
    if not folder.is_dir():
        pytest.skip(f"no recorded market data at {folder}; point MARKET_RECORDINGS at it")
    return folder
