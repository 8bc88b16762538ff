"""A data folder whose rows are in SQLite, and one whose rows are in a real PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.ground import Cli


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """The command on a data folder of its own."""
    return Cli(tmp_path / "data")


@pytest.fixture(params=["sqlite", "postgres"])
def any_cli(request: pytest.FixtureRequest, tmp_path: Path) -> Cli:
    """The same, and once more with its rows in PostgreSQL."""
    if request.param == "sqlite":
        return Cli(tmp_path / "data")
    return Cli(tmp_path / "data", DATABASE_URL=request.getfixturevalue("postgres_url"))
