"""`candlewick replay`: what cannot be played is refused before anything starts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("content", [b"", b"hello world\n", bytes(range(256)) * 8])
def test_a_file_that_is_no_recording_is_refused_before_anything_starts(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "junk.gz"
    path.write_bytes(content)
    command = [sys.executable, "-m", "candlewick", "replay", "--data-dir", str(tmp_path / "data"), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert done.returncode == 1
    assert done.stdout == ""
    assert f"candlewick: {path}: no message with a time of receipt can be read." in done.stderr
    assert not (tmp_path / "data").exists()
