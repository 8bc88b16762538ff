"""A wheel built from a clean clone, installed into an empty environment elsewhere, runs the terminal."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.request
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
START_S = 60  # a bound for a machine that is busy, not a measurement


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of what is committed."""
    folder = tmp_path_factory.mktemp("wheel")
    run("git", "clone", "--quiet", "--local", str(ROOT), str(folder / "clone"))
    run(
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(folder),
        str(folder / "clone"),
    )
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture
def candlewick(wheel: Path, tmp_path: Path) -> Path:
    """The command in an environment that holds the wheel; its dependencies are this environment's."""
    environment = tmp_path / "environment"
    venv.create(environment)
    python = environment / "bin/python"
    run(
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(python),
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        str(wheel),
    )
    site = next(environment.glob("lib/python*/site-packages"))
    # a .pth file adds the folder but does not read the .pth files in it: our own editable install stays out
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    where = run(str(python), "-c", "import candlewick; print(candlewick.__file__)", cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(environment)
    return environment / "bin/candlewick"


class Terminal:
    """A browser of sorts at a running terminal: it keeps cookies."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())

    def get(self, path: str) -> bytes:
        with self._opener.open(self.address + path, timeout=10) as answer:
            body: bytes = answer.read()
        return body


@pytest.fixture
def terminal(candlewick: Path, tmp_path: Path) -> Iterator[Terminal]:
    """A terminal that `candlewick up` started, signed in to by the link it printed."""
    port, sim_port = free_ports(2)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CANDLEWICK_")}
    clean.pop("PYTHONPATH", None)
    log = tmp_path / "up.log"
    with log.open("w") as output:
        up = subprocess.Popen(
            [candlewick, "up", "--data-dir", str(tmp_path / "data"), "--port", str(port)],
            env=clean | {"CANDLEWICK_SIM__PORT": str(sim_port)},
            cwd=tmp_path,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        terminal = Terminal(f"http://127.0.0.1:{port}")
        wait_until_ready(terminal, up, log)
        link = re.search(r"(/login/[^/\s]+/)", log.read_text())
        assert link, log.read_text()
        terminal.get(link[1])
        yield terminal
    finally:
        up.send_signal(signal.SIGINT)
        assert up.wait(20) == 0, log.read_text()


def test_it_runs_the_terminal_with_its_assets(terminal: Terminal) -> None:
    page = terminal.get("/terminal/").decode()
    found = re.search(r'<script type="importmap"[^>]*>(.*?)</script>', page, re.DOTALL)
    assert found, page
    importmap = json.loads(found[1])
    assert "lightweight-charts" in importmap["imports"]
    for path, integrity in importmap["integrity"].items():
        digest = base64.b64encode(hashlib.sha384(terminal.get(path)).digest()).decode()
        assert integrity == f"sha384-{digest}"
    linked = re.findall(r'(?:src|href)="(/static/[^"]+)"', page)
    assert any(path.endswith(".css") for path in linked)
    assert any(path.endswith(".js") for path in linked)
    for path in linked:
        assert terminal.get(path)


def run(*command: str, cwd: Path | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def wait_until_ready(terminal: Terminal, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(START_S * 10):
        assert process.poll() is None, log.read_text()
        try:
            terminal.get("/readyz")
        except OSError:  # not listening yet, or 503
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"not ready after {START_S} s:\n{log.read_text()}")


def free_ports(count: int) -> list[int]:
    """Ports that nothing listens on, below those the system gives out by itself."""
    found: list[int] = []
    for port in range(21_000 + os.getpid() * 97 % 8_000, 32_000):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            found.append(port)
        if len(found) == count:
            break
    return found
