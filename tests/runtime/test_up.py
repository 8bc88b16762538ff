"""`candlewick up` with its real parts: what it survives, what it refuses, what it leaves behind."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.venues.sim.server.conftest import free_port

pytestmark = pytest.mark.timeout(180)


class Stack:
    """A running `candlewick up`."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        environment = os.environ | {
            "CANDLEWICK_SIM__PORT": str(self.port + 1),
            "CANDLEWICK_SIM__VENUES": '["sim"]',
        }
        self.process = psutil.Popen(
            [sys.executable, "-m", "candlewick", "up", "--data-dir", str(data_dir), "--port", str(self.port)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=2) as answer:
                return bool(json.load(answer)["ready"])
        except OSError:
            return False

    def part(self, name: str) -> psutil.Process | None:
        for child in self.process.children():
            with contextlib.suppress(psutil.Error):
                if name in child.cmdline()[3:4]:
                    return child
        return None

    def stop(self) -> str:
        """Ctrl-C, as a terminal sends it: to the whole process group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGINT)
        output, _ = self.process.communicate(timeout=120)
        return str(output)


def until(condition: Callable[[], object], timeout_s: float = 60.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass in time"
        time.sleep(0.05)


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    running = Stack(tmp_path)
    try:
        until(running.ready)
        yield running
    finally:
        running.stop()


def test_one_ctrl_c_ends_every_part_with_exit_code_0_and_no_traceback(stack: Stack) -> None:
    parts = stack.process.children(recursive=True)
    assert len(parts) >= 3
    output = stack.stop()
    assert stack.process.returncode == 0, output
    assert not psutil.wait_procs(parts, timeout=60)[1]
    assert "Traceback" not in output
    assert "starting it again" not in output


def test_the_simulated_exchange_ends_after_the_engine_which_else_tells_of_its_end(stack: Stack) -> None:
    engine, sim = stack.part("engine"), stack.part("sim")
    assert engine is not None
    assert sim is not None
    engine.suspend()  # it hears of the end late, as one that is busy does
    os.killpg(stack.process.pid, signal.SIGINT)
    until(lambda: stack.part("web") is None)
    assert sim.is_running()
    engine.resume()
    stack.stop()


@pytest.mark.parametrize("name", ["sim", "engine", "web"])
def test_a_killed_part_comes_back_and_everything_is_ready_again(stack: Stack, name: str) -> None:
    before = stack.part(name)
    assert before is not None
    before.kill()
    until(lambda: (after := stack.part(name)) is not None and after.pid != before.pid)
    until(stack.ready)
    assert f"{name} was killed by signal 9; starting it again." in stack.stop()


def test_no_part_outlives_a_killed_supervisor(tmp_path: Path) -> None:
    running = Stack(tmp_path)
    until(running.ready)
    parts = running.process.children(recursive=True)
    running.process.kill()
    running.process.communicate(timeout=120)
    assert not psutil.wait_procs(parts, timeout=60)[1]


def test_a_second_up_on_the_same_folder_is_refused_with_a_sentence(stack: Stack) -> None:
    second = subprocess.run(
        [
            sys.executable,
            "-m",
            "candlewick",
            "up",
            "--data-dir",
            str(stack.data_dir),
            "--port",
            str(stack.port + 5),
        ],
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert second.returncode == 1
    assert f"Candlewick already runs on {stack.data_dir} (process {stack.process.pid})" in second.stderr
    assert "Traceback" not in second.stderr
    assert stack.ready()


def test_a_taken_port_is_refused_with_a_sentence(
    stack: Stack, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("other")
    second = subprocess.run(
        [sys.executable, "-m", "candlewick", "up", "--data-dir", str(folder), "--port", str(stack.port)],
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert second.returncode == 1
    assert f"Port {stack.port} on 127.0.0.1 cannot be used" in second.stderr
    assert "--port" in second.stderr


def test_a_venue_without_a_connector_is_refused_at_once(tmp_path: Path) -> None:
    refused = subprocess.run(
        [sys.executable, "-m", "candlewick", "up", "--data-dir", str(tmp_path), "--venues", "sim, nowhere"],
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert refused.returncode == 2
    assert "Invalid value for '--venues': There is no connector for a venue 'nowhere'." in refused.stderr


def test_a_fault_that_cannot_be_is_refused_at_once(tmp_path: Path) -> None:
    refused = subprocess.run(
        [sys.executable, "-m", "candlewick", "up", "--data-dir", str(tmp_path), "--misbehave", "drop=7"],
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert refused.returncode == 2
    assert "Invalid value for '--misbehave': Fault 'drop' takes a share from 0 to 1, not" in refused.stderr
