"""`candlewick doctor`: every setting, its value and its origin, and never a secret."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from candlewick.runtime.supervisor import owning


def doctor(folder: Path, *flags: str, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CANDLEWICK_")}
    return subprocess.run(
        [sys.executable, "-m", "candlewick", "doctor", "--data-dir", str(folder), *flags],
        env=kept | variables,
        capture_output=True,
        text=True,
        timeout=240,
    )


def report(folder: Path, **variables: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(doctor(folder, "--json", **variables).stdout)
    return found


def settings(folder: Path, **variables: str) -> dict[str, tuple[str, str]]:
    rows = report(folder, **variables)["settings"]
    return {row["setting"]: (row["value"], row["from"]) for row in rows}


def test_it_says_where_each_setting_came_from(tmp_path: Path) -> None:
    (tmp_path / "candlewick.toml").write_text('log_level = "debug"\n[web]\nport = 8011\nhost = "::1"\n')
    found = settings(tmp_path, CANDLEWICK_WEB__PORT="8012")
    assert found["data_dir"] == (str(tmp_path), "flag")
    assert found["web.port"] == ("8012", "variable CANDLEWICK_WEB__PORT")
    assert found["web.host"] == ("::1", "candlewick.toml")
    assert found["log_level"] == ("debug", "candlewick.toml")
    assert found["sim.seed"] == ("7", "default")


def test_it_never_prints_a_secret(tmp_path: Path) -> None:
    answer = doctor(tmp_path, DATABASE_URL="postgres://ann:hunter2@db/candlewick")
    assert "hunter2" not in answer.stdout + answer.stderr
    assert "database_url" in answer.stdout
    assert "variable DATABASE_URL" in answer.stdout


def test_it_tells_whether_candlewick_runs_on_the_folder(tmp_path: Path) -> None:
    assert report(tmp_path)["running"] is False
    with owning(tmp_path):
        assert report(tmp_path)["running"] is True


def test_a_folder_that_cannot_be_used_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    answer = doctor(tmp_path / "file" / "below")
    assert (answer.returncode, answer.stdout) == (1, "")
    assert "cannot be used" in answer.stderr
    assert "Traceback" not in answer.stderr
