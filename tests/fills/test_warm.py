"""Warming up leaves nothing to compile for the loop that fills orders."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
from candlewick.fills.warm import warm_up
warm_up()
from candlewick.fills import core, depth
print(len({name}.signatures))
"""


@pytest.mark.parametrize("name", ["core.bankruptcy", "core.is_lost", "core.maintenance", "depth.refresh"])
def test_it_makes_ready_what_the_paper_venue_calls(name: str) -> None:
    done = subprocess.run(  # in this process another test may have called it
        [sys.executable, "-c", PROGRAM.format(name=name)],
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert int(done.stdout) == 1
