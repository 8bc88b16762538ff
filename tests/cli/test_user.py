"""`candlewick user`: in processes of their own, as a person calls it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "correct horse battery"


class Cli:
    """The command on one data folder."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir

    def __call__(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "candlewick", "user", *arguments, "--data-dir", str(self._data_dir)]
        return subprocess.run(
            command,
            cwd=ROOT,
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",  # what is no text comes as it is
            timeout=240,
            check=False,
        )

    def json(self, *arguments: str, stdin: str = "") -> Any:
        done = self(*arguments, "--json", stdin=stdin)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def user(tmp_path: Path) -> Cli:
    return Cli(tmp_path)


def refused(done: subprocess.CompletedProcess[str], sentence: str, code: int = 2) -> None:
    """It must have ended with this sentence, and nothing that frightens."""
    assert done.returncode == code
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_it_adds_and_lists_people(user: Cli) -> None:
    ann = user.json("add", "ann", "--role", "trader", "--password-stdin", stdin=f"{PASSWORD}\n")
    assert ann == {"name": "ann", "role": "trader", "password": True, "active": True, "login_link": None}
    bob = user.json("add", "bob")
    assert bob["role"] == "viewer"
    assert "/login/" in bob["login_link"]
    assert [(each["name"], each["password"]) for each in user.json("list")] == [("ann", True), ("bob", False)]
    assert user("list").stdout.splitlines() == [
        "ann                      trader",
        "bob                      viewer  no password",
    ]


def test_a_name_is_taken_whatever_its_case(user: Cli) -> None:
    user("add", "ann")
    refused(user("add", "Ann"), "There is a person named 'Ann' already.")


@pytest.mark.parametrize(
    ("arguments", "stdin"),
    [
        (["bad name!"], ""),
        (["n" * 151], ""),
        (["n\udcff"], ""),
        (["ann", "--password-stdin"], "short\n"),
        (["ann", "--password-stdin"], "\udcff\udcfe no text in any coding\n"),
    ],
)
def test_what_cannot_be_a_name_or_password_is_refused(user: Cli, arguments: list[str], stdin: str) -> None:
    done = user("add", *arguments, stdin=stdin)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert user.json("list") == []


def test_a_role_that_does_not_exist_is_wrong_usage(user: Cli) -> None:
    assert user("add", "ann", "--role", "king").returncode == 2


def test_a_role_changes_but_never_the_last_owners(user: Cli) -> None:
    user("add", "ann", "--role", "owner")
    refused(user("role", "ann", "viewer"), "ann is the only owner.", code=1)
    user("add", "bob")
    assert user.json("role", "bob", "owner")["role"] == "owner"
    assert user.json("role", "ann", "viewer")["role"] == "viewer"


def test_a_reset_takes_the_password_and_gives_a_link(user: Cli) -> None:
    user("add", "ann", "--password-stdin", stdin=f"{PASSWORD}\n")
    ann = user.json("reset", "ann")
    assert ann["password"] is False
    assert "/login/" in ann["login_link"]
    refused(user("reset", "nobody"), "Nobody is named 'nobody'.")


def test_a_reset_says_that_the_password_given_to_it_is_set(user: Cli) -> None:
    user("add", "ann")
    told = user("reset", "ann", "--password-stdin", stdin=f"{PASSWORD}\n").stdout
    assert "ann is signed out everywhere, and the new password is set." in told


def test_a_reset_turns_two_factor_sign_in_off_only_when_told(user: Cli) -> None:
    help = user("reset", "--help").stdout
    assert "--two-factor" in help
    user("add", "ann")
    assert "ann is signed out everywhere." in user("reset", "ann", "--two-factor").stdout
