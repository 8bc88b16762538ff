"""The rows: what the database itself does not allow."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, connections

from candlewick.store.models import Account, LoginLink, Role, User, WatchlistEntry
from tests.web.ground import unique


@pytest.fixture(autouse=True)
def _rows(django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield
        User.objects.all().delete()
        connections.close_all()


@pytest.fixture
def ann() -> User:
    return User.objects.create(username=unique("ann"), role=Role.TRADER)


def test_the_migrations_make_what_the_models_say() -> None:
    call_command("makemigrations", "store", check=True, dry_run=True, stdout=StringIO())


def test_an_unknown_role_is_refused_by_the_database(ann: User) -> None:
    with pytest.raises(IntegrityError):
        User.objects.filter(pk=ann.pk).update(role="king")


def test_a_person_has_no_two_accounts_of_a_name(ann: User) -> None:
    Account.objects.create(user=ann, name="Paper")
    with pytest.raises(IntegrityError):
        Account.objects.create(user=ann, name="Paper")


def test_a_watchlist_holds_an_instrument_once(ann: User) -> None:
    WatchlistEntry.objects.create(user=ann, instrument="sim:BTCUSDT", position=0)
    with pytest.raises(IntegrityError):
        WatchlistEntry.objects.create(user=ann, instrument="sim:BTCUSDT", position=1)


def test_of_many_who_bring_a_link_at_once_one_gets_in(ann: User) -> None:
    token = LoginLink.issue(ann)

    def redeem(_: int) -> User | None:
        try:
            return LoginLink.redeem(token)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sorted(user is not None for user in pool.map(redeem, range(16)))[-2:] == [False, True]


def test_what_belongs_to_a_person_goes_with_them(ann: User) -> None:
    Account.objects.create(user=ann, name="Paper")
    LoginLink.issue(ann)
    WatchlistEntry.objects.create(user=ann, instrument="sim:BTCUSDT", position=0)
    ann.delete()
    assert not Account.objects.exists()
    assert not LoginLink.objects.exists()
    assert not WatchlistEntry.objects.exists()


def test_the_same_holds_in_postgresql(postgres_url: str) -> None:
    """Django stands on one database a process: another process runs these tests on the other."""
    if connection.vendor == "postgresql":
        return
    this = Path(__file__)
    command = [sys.executable, "-m", "pytest", str(this), "-q", "-p", "no:xdist", "-p", "no:cacheprovider"]
    ended = subprocess.run(
        command, cwd=this.parents[2], env=os.environ | {"DATABASE_URL": postgres_url},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout
