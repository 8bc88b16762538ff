"""Host names: those a person may reach us by, and no others. A folder that cannot be used: a sentence."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from candlewick.runtime.settings import WebSettings
from candlewick.web.boot import host_names

LOCAL = {"127.0.0.1", "localhost", "[::1]"}


@pytest.mark.parametrize(
    ("host", "more"),
    [
        ("127.0.0.1", set()),
        ("192.0.2.7", {"192.0.2.7"}),
        ("2001:db8::1", {"[2001:db8::1]"}),
        ("lan.box", {"lan.box"}),
    ],
)
def test_it_answers_to_where_it_is_bound_and_to_this_machine(host: str, more: set[str]) -> None:
    assert set(host_names(WebSettings(host=host))) == LOCAL | more


def test_bound_to_every_address_it_answers_to_the_machines_names() -> None:
    names = set(host_names(WebSettings(host="0.0.0.0")))
    assert names >= LOCAL | {socket.gethostname()}
    assert "*" not in names


def test_it_answers_to_the_names_a_proxy_goes_by() -> None:
    assert "terminal.example" in host_names(WebSettings(allowed_hosts=["terminal.example"]))


@pytest.mark.parametrize("name", ["candlewick.sqlite3", "secret.key"])
def test_a_damaged_file_is_told_in_a_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\xff\xfe is no database, and no key")
    listing = [sys.executable, "-m", "candlewick", "user", "list", "--data-dir", str(tmp_path)]
    done = subprocess.run(listing, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("candlewick: ")
    assert str(tmp_path / name) in done.stderr
    assert len(done.stderr.splitlines()) == 1
