"""`candlewick sim` as a process of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.venues.sim.server.conftest import free_port

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-c", "from candlewick.cli import main; main()", "sim", "--venues", "sim-west"]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONWARNINGS": "error"}


@contextmanager
def taken_port() -> Iterator[int]:
    port = free_port()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        yield port


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], env=environment(), capture_output=True, text=True, timeout=240, check=False
    )


def test_it_answers_and_stops_cleanly_when_told_to() -> None:
    port = free_port()
    process = subprocess.Popen(
        [*COMMAND, "--port", str(port)],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert json.loads(_first_answer(process, f"http://127.0.0.1:{port}/"))["simulated"] is True
        process.send_signal(signal.SIGTERM)
        stdout, stderr = process.communicate(timeout=120)
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, stderr) == (0, "")
    assert stdout.startswith(f"Simulated exchange at http://127.0.0.1:{port} (sim-west; seed ")


def _first_answer(process: subprocess.Popen[str], url: str) -> bytes:
    while process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5) as response:
                return bytes(response.read())
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"it ended with {process.returncode} before it answered")


def test_a_taken_port_is_a_sentence_and_exit_code_1() -> None:
    with taken_port() as port:
        ended = run("--port", str(port))
    assert ended.returncode == 1
    assert f"Port {port} on 127.0.0.1 is taken" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_unknown_fault_is_a_sentence_and_exit_code_2() -> None:
    ended = run("--misbehave", "explode=1")
    assert ended.returncode == 2
    assert "Unknown fault 'explode'" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_unknown_venue_is_a_sentence_and_exit_code_2() -> None:
    ended = run("--venues", "mars")
    assert ended.returncode == 2
    assert "mars" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_folder_that_cannot_be_is_a_sentence_and_exit_code_1(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ended = run("--port", str(free_port()), "--data-dir", str(tmp_path / "file"))
    assert ended.returncode == 1
    assert f"{tmp_path / 'file' / 'sim'} cannot be used: Not a directory." in ended.stderr
    assert "Traceback" not in ended.stderr
