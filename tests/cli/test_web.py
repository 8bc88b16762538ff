"""`candlewick web`: serves without an engine, says where, and ends on SIGTERM."""

from __future__ import annotations

import http.client
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

from candlewick.cli.web import address_of
from candlewick.runtime.settings import WebSettings

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def serve(folder: Path, port: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "candlewick", "web", "--port", str(port), "--data-dir", str(folder)]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_it_prints_a_link_that_signs_the_owner_in_and_ends_on_sigterm(tmp_path: Path) -> None:
    port = free_port()
    process = serve(tmp_path, port)
    assert process.stdout is not None
    found = re.search(rf"http://127\.0\.0\.1:{port}(/login/\S+/)", process.stdout.readline())
    assert found is not None
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", found[1])
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Location"]) == (302, "/")
    connection.close()
    process.terminate()
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors


def test_a_second_one_on_the_same_port_refuses_with_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = serve(tmp_path, taken.getsockname()[1])
        _, errors = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "cannot listen" in errors
    assert "Traceback" not in errors


def test_the_secret_key_and_the_database_are_the_owners_alone(tmp_path: Path) -> None:
    port = free_port()
    process = serve(tmp_path, port)
    assert process.stdout is not None
    process.stdout.readline()
    process.terminate()
    process.communicate(timeout=120)
    assert (tmp_path / "secret.key").stat().st_mode & 0o077 == 0
    assert (tmp_path / "candlewick.sqlite3").stat().st_mode & 0o077 == 0


def test_the_address_is_one_that_a_browser_on_this_machine_can_open() -> None:
    assert address_of(WebSettings(host="0.0.0.0", port=80)) == "http://127.0.0.1:80"
    assert address_of(WebSettings(host="::", port=80)) == "http://[::1]:80"
    assert address_of(WebSettings(host="::1", port=80)) == "http://[::1]:80"
    assert address_of(WebSettings(host="terminal.lan", port=80)) == "http://terminal.lan:80"
