"""Schemathesis against a running terminal: what `/api/openapi.json` says is what is answered."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.conftest import Up
from tests.e2e.program import Program, generous, token_of, until

SEED: Final = "20260126"
SCOPES: Final = ("read", "write", "trade", "risk", "accounts")
# What a schema cannot say (lots, limits, what is held, which symbols there are) is a 422 by its rule.
CONFIG: Final = """
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "400", "401", "403", "404", "409", "422", "429"]
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    data_dir = tmp_path_factory.mktemp("openapi")
    with generous():
        up = Up(data_dir)
    try:
        up.login_link()
        made = Program(up, token_of(data_dir, "owner", *SCOPES))
        until(lambda: made.is_served("Paper"))
        yield made
        made.close()
    finally:
        up.stop()


@pytest.mark.parametrize(("phases", "examples"), [("examples,coverage,fuzzing", 6), ("stateful", 4)])
def test_schemathesis_finds_nothing(program: Program, tmp_path: Path, phases: str, examples: int) -> None:
    config = tmp_path / "schemathesis.toml"
    config.write_text(CONFIG)
    command: list[str | Path] = [
        *(Path(sys.executable).with_name("st"), "--config-file", config, "run"),
        f"{program.up.url}/api/openapi.json",
        *("--header", f"Authorization: Bearer {program.token}", "--phases", phases, "--workers", "2"),
        *("--max-examples", str(examples), "--seed", SEED, "--request-timeout", "30"),
        *("--generation-database", "none", "--continue-on-failure", "--no-color"),
    ]
    done = subprocess.run(
        command, cwd=tmp_path, env=os.environ, capture_output=True, text=True, timeout=550, check=False
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    assert program.is_served("Paper")
