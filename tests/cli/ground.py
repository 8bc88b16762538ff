"""The command in a process of its own, as a person calls it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


class Cli:
    """The command on one data folder, perhaps on a database elsewhere."""

    def __init__(self, data_dir: Path, **variables: str) -> None:
        self.data_dir = data_dir
        self._variables = variables

    def __call__(
        self, *arguments: str, stdin: str = "", **variables: str
    ) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "candlewick", *arguments, "--data-dir", str(self.data_dir)]
        kept = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        return subprocess.run(
            command, cwd=ROOT, input=stdin, capture_output=True, encoding="utf-8", timeout=240, check=False,
            env=kept | self._variables | variables,
        )  # fmt: skip

    def done(self, *arguments: str, stdin: str = "", **variables: str) -> str:
        """What it said; it must have gone well."""
        ended = self(*arguments, stdin=stdin, **variables)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def json(self, *arguments: str, stdin: str = "") -> Any:
        return json.loads(self.done(*arguments, "--json", stdin=stdin))


def refused(ended: subprocess.CompletedProcess[str], *words: str, code: int = 1) -> None:
    """It must have ended with a sentence that holds these words, and nothing that frightens."""
    assert ended.returncode == code, ended.stderr
    for word in words:
        assert word in ended.stderr
    assert "Traceback" not in ended.stderr
