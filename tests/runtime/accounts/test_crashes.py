"""Killed at every step of an order's life: ledger, venue and journal agree afterwards, each time."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runtime.accounts import crashing

MOST_POINTS = 400


@pytest.fixture
def shelf() -> Iterator[Path]:
    """A folder in memory, where there is one: hundreds of lives are synchronised to it thousands of times."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


@pytest.mark.timeout(300)
def test_killed_at_every_step_of_an_orders_life_nothing_is_lost_or_done_twice(shelf: Path) -> None:
    for point in range(1, MOST_POINTS):
        folder = shelf / str(point)
        folder.mkdir()
        was_killed = crashing.live_until(point, folder, crashing.one_of_each)
        asyncio.run(crashing.examine(folder))
        if not was_killed:
            assert point > 80, "the life had fewer steps than an order's life has"
            return
    raise AssertionError("the life had no end")
