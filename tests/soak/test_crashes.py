"""Random lives of orders, killed at random steps, hundreds of times: ledger, venue and journal agree."""

from __future__ import annotations

import asyncio
import os
import random
from pathlib import Path

import pytest

from tests.runtime.accounts import crashing
from tests.runtime.accounts.test_crashes import shelf

__all__ = ["shelf"]

LIVES = int(os.environ.get("SOAK_LIVES", "400"))


@pytest.mark.soak
def test_random_lives_killed_at_random_steps_lose_nothing_and_do_nothing_twice(shelf: Path) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"lives from seed {seed}")
    dice, killed = random.Random(seed), 0
    for number in range(LIVES):
        folder = shelf / str(number)
        folder.mkdir()
        life = crashing.some_of_all(seed + number)
        for _ in range(dice.randint(1, 3)):  # some are killed again while they begin anew
            killed += crashing.live_until(dice.randint(1, 220), folder, life)
        asyncio.run(crashing.examine(folder))
    assert killed > LIVES / 2
