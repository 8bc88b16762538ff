"""The rows that each request asks for, in plain SQL: through the ORM they cost more than all the rest.

Who brings an API token is read in 31 µs instead of 405, a JWT's person in 62 instead of 564, a session and
its person in 60 instead of 600, the accounts they may see in 23 instead of 1,240. They are read for each
request and kept by nobody: who signs out, or loses a role or a password, is refused at once by every process.
The statements are ones that SQLite and PostgreSQL both know; `tests/web/people/test_rows.py` runs them on
both.
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

from django.db import connection

from candlewick.store.models import User


class PersonRow(NamedTuple):
    """Somebody who may sign in."""

    id: int
    name: str
    role: str
    password: str


class TokenRow(NamedTuple):
    """An API token and whose it is; times in Unix seconds."""

    id: int
    scopes: list[str]
    account: int | None
    expires_at: float | None
    last_used_at: float | None
    person: PersonRow


class AccountRow(NamedTuple):
    """An account that a person owns, or has a share of."""

    id: int
    name: str
    kind: str
    venue: str
    currency: str
    is_archived: bool
    owner_id: int
    owner: str
    may_trade: bool  # of a share; an owner's is not asked


_SESSION: Final = "SELECT session_data, expire_date FROM django_session WHERE session_key = %s"
_PERSON: Final = "u.id, u.username, u.role, u.password"
_BY_NUMBER: Final = f"SELECT {_PERSON} FROM store_user u WHERE u.id = %s AND u.is_active"
_BY_PROGRAM: Final = (
    f"SELECT {_PERSON} FROM store_user u JOIN store_programsession p ON p.user_id = u.id "
    "WHERE u.id = %s AND u.is_active AND p.id = %s"
)
_TOKEN: Final = (
    f"SELECT t.id, t.scopes, t.account_id, t.expires_at, t.last_used_at, {_PERSON} "
    "FROM store_apitoken t JOIN store_user u ON u.id = t.user_id WHERE u.is_active AND "
)
_ACCOUNTS: Final = (
    "SELECT a.id, a.name, a.kind, a.venue, a.currency, a.archived_at, a.user_id, u.username, m.may_trade "
    "FROM store_account a JOIN store_user u ON u.id = a.user_id "
    "LEFT JOIN store_accountmember m ON m.account_id = a.id AND m.user_id = %s "
    "WHERE a.user_id = %s OR a.id IN (SELECT account_id FROM store_accountmember WHERE user_id = %s) "
    "ORDER BY a.id"
)


def session_data(key: str) -> str | None:
    """What is kept of a session, signed, unless it has ended."""
    found = _read(_SESSION, (key,))
    if not found:
        return None
    data, expires_at = found[0]
    ends = _moment(expires_at)
    return data if ends is not None and ends > time.time() else None


def person(id: int, *, program: int | None = None) -> PersonRow | None:
    """The person of a number, if they may sign in and, where one is named, their program's session stands."""
    found = _read(_BY_NUMBER, (id,)) if program is None else _read(_BY_PROGRAM, (id, program))
    return PersonRow(*found[0]) if found else None


def token(*, digest: str = "", id: int | None = None) -> TokenRow | None:
    """An API token by its digest or its number, if its person may sign in."""
    found = _read(f"{_TOKEN} t.digest = %s", (digest,)) if id is None else _read(f"{_TOKEN} t.id = %s", (id,))
    if not found:
        return None
    number, scopes, account, expires_at, last_used_at, *owner = found[0]
    return TokenRow(
        number, json.loads(scopes), account, _moment(expires_at), _moment(last_used_at), PersonRow(*owner)
    )


def accounts(user_id: int) -> list[AccountRow]:
    """The accounts that a person owns or has a share of, by number."""
    return [
        AccountRow(id, name, kind, venue, currency, archived_at is not None, owner_id, owner, bool(may_trade))
        for id, name, kind, venue, currency, archived_at, owner_id, owner, may_trade in _read(
            _ACCOUNTS, (user_id, user_id, user_id)
        )
    ]


def fingerprint(password: str) -> str:
    """A short word that changes when the person's password does; `password` as it is kept."""
    return session_hash(password)[:24]


@lru_cache(maxsize=1_024)
def session_hash(password: str) -> str:
    """What a session carries of its person's password, so that a new one ends it."""
    return User(password=password).get_session_auth_hash()


def _read(sql: str, parameters: tuple[int | str, ...]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def _moment(value: datetime | str | None) -> float | None:
    """A time in Unix seconds; SQLite keeps it as text, in UTC."""
    if value is None:
        return None
    when = datetime.fromisoformat(value) if isinstance(value, str) else value
    return (when if when.tzinfo is not None else when.replace(tzinfo=UTC)).timestamp()
