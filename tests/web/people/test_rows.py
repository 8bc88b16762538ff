"""The statements in plain SQL say what the ORM says, on SQLite and on PostgreSQL."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from candlewick.store.models import Account, ApiToken, Role, User
from candlewick.web.people import api_tokens, identity, ownership, programs, rows
from candlewick.web.people.first_owner import add_person
from tests.web.ground import unique


def everything_is_read_as_it_was_written() -> None:
    """The test, for whichever database Django stands on."""
    ann, bob, eve = (add_person(unique(role), role) for role in ("trader", "trader", "viewer"))
    paper, second = ann.accounts.get(), ownership.open_paper_account(ann, "Zweites – 二")
    ownership.share(paper, bob, may_trade=True)
    ownership.share(second, eve, may_trade=False)
    ownership.archive(second)

    found = {user: rows.accounts(user.pk) for user in (ann, bob, eve)}
    assert [(each.name, each.is_archived, each.owner) for each in found[ann]] == [
        ("Paper", False, ann.username),
        ("Zweites – 二", True, ann.username),
    ]
    assert [(each.id, each.owner_id, each.may_trade) for each in found[bob]] == sorted(
        [(paper.pk, ann.pk, True), (bob.accounts.get().pk, bob.pk, False)]
    )
    assert [(each.id, each.may_trade) for each in found[eve]] == [(second.pk, False)]
    assert all(isinstance(each.may_trade, bool) for each in found[bob])

    assert rows.person(ann.pk) == (ann.pk, ann.username, "trader", ann.password)
    access, _ = programs.begin(ann)
    program = ann.program_sessions.get().pk
    assert rows.person(ann.pk, program=program) == rows.person(ann.pk)
    assert rows.person(bob.pk, program=program) is None, "the program is another's"
    assert identity.by_bearer(access) is not None

    ends = timezone.now() + timedelta(days=1)
    row, token = api_tokens.issue(ann, "bot", ["read", "trade"], account=paper, expires_at=ends)
    read = rows.token(id=row.pk)
    assert read is not None
    assert (read.id, read.scopes, read.account) == (row.pk, ["read", "trade"], paper.pk)
    assert read.expires_at == pytest.approx(ends.timestamp(), abs=1e-5)
    assert read.last_used_at is None
    assert identity.by_bearer(token) is not None
    noted = rows.token(id=row.pk)
    assert noted is not None
    assert noted.last_used_at is not None
    assert abs(noted.last_used_at - datetime.now(UTC).timestamp()) < 60
    ApiToken.objects.update(expires_at=datetime(2020, 1, 1, tzinfo=UTC))
    assert identity.by_bearer(token) is None

    session = Session.objects.create(
        session_key=unique("session"), session_data="kept – as it is", expire_date=ends
    )
    assert rows.session_data(session.session_key) == "kept – as it is"
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert rows.session_data(session.session_key) is None
    assert rows.session_data("") is None

    User.objects.filter(pk=ann.pk).update(is_active=False)
    assert rows.person(ann.pk) is None
    assert rows.person(ann.pk, program=program) is None
    assert rows.token(id=row.pk) is None
    assert Account.objects.filter(user=ann).count() == 2


def test_on_sqlite() -> None:
    everything_is_read_as_it_was_written()


def test_on_postgres(postgres_url: str, tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[3]
    script = (
        "from candlewick.runtime.settings import load; from candlewick.web.boot import boot, migrate\n"
        f"from pathlib import Path; boot(load(data_dir=Path({str(tmp_path)!r}))); migrate()\n"
        "from django.conf import settings\n"
        "assert settings.DATABASES['default']['ENGINE'].endswith('postgresql')\n"
        "from tests.web.people.test_rows import everything_is_read_as_it_was_written as run\n"
        "run(); print('as written')\n"
    )
    environment = os.environ | {"DATABASE_URL": postgres_url, "PYTHONPATH": f"{root}/src:{root}"}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=240
    )
    assert done.stdout == "as written\n", done.stderr


@pytest.mark.parametrize("role", list(Role))
def test_a_fingerprint_is_the_same_from_row_and_model(role: Role) -> None:
    user = add_person(unique(role.value), role)
    row = rows.person(user.pk)
    assert row is not None
    assert rows.fingerprint(row.password) == user.get_session_auth_hash()[:24]
