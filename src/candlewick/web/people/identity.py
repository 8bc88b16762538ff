"""Who a request or a live connection belongs to."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from http.cookies import CookieError, SimpleCookie
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from candlewick.store.models import User
from candlewick.web.people import api_tokens, rows, scopes, tokens
from candlewick.web.people.rows import TokenRow
from candlewick.web.people.scopes import Scope


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is signed in, and what their being so rests on.

    Attributes:
        fingerprint: changes when their password or their right to sign in does.
        session: key of the session they came with; None for a token.
        expires_at: when the token they came with ends, Unix seconds; None for a session.
        accounts: of a live connection: numbers of the accounts they may see, the one they have chosen first.
        granted: scopes of the token they came with; None: all that their role permits.
        account: the only account that the token is for; None: every account they may see.
        token: number of the API token they came with.
        program: number of the program's session that their access token belongs to.
    """

    id: int
    name: str
    role: str
    fingerprint: str
    session: str | None = None
    expires_at: float | None = None
    accounts: tuple[int, ...] = ()
    granted: frozenset[Scope] | None = None
    account: int | None = None
    token: int | None = None
    program: int | None = None

    def may(self, scope: Scope) -> bool:
        """Whether role and token both permit it: what REST, live channels and components ask alike."""
        return scope in scopes.of_role(self.role) and (self.granted is None or scope in self.granted)

    @property
    def reads_code(self) -> bool:
        """Whether the text of strategies is shown to them: who only looks sees what they make."""
        return "trade" in scopes.of_role(self.role)


def person_of(request: HttpRequest) -> Person | None:
    """Who sent a request: the bearer of a token, or the session's person. None if nobody signed in."""
    bearer = getattr(request, "auth", None)  # set by ninja
    if isinstance(bearer, Person):
        return bearer
    user = request.user
    return of_user(user, session=request.session.session_key) if isinstance(user, User) else None


def by_cookie(header: str) -> Person | None:
    """The person whose session cookie stands in a `Cookie` header."""
    try:
        morsel = SimpleCookie(header).get(settings.SESSION_COOKIE_NAME)
    except CookieError:
        return None
    return None if morsel is None else _by_session(morsel.value)


def by_bearer(token: str) -> Person | None:
    """The person that an access token or an API token was made for."""
    if token.startswith(api_tokens.MARK):
        return _by_row(api_tokens.find(token))
    claim = tokens.read(token, tokens.ACCESS)
    return None if claim is None else _by_claim(claim)


def by_ticket(ticket: str) -> Person | None:
    """The person a ticket was made for; it is worthless afterwards."""
    claim = tokens.spend_ticket(ticket)
    return None if claim is None else _by_claim(claim)


def claim_of(person: Person) -> tokens.Claim:
    """What a ticket for `person` stands for: all that they came with, and no more."""
    return tokens.Claim(
        person.id, person.fingerprint, person.expires_at, person.session, person.program, person.token
    )


def still_signed_in(people: Iterable[Person]) -> set[Person]:
    """Those of `people` whose session or token still stands, and who may still sign in."""
    return {person for person in people if _stands(person)}


def of_user(user: User, *, session: str | None = None, expires_at: float | None = None) -> Person:
    """The person that a row stands for."""
    return Person(user.pk, user.username, user.role, tokens.fingerprint(user), session, expires_at)


def of_session(session: SessionBase) -> Person | None:
    """The person who is signed in with a session, as Django would have it, for a tenth of the time."""
    if session.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return None
    if session.session_key is None:
        return None
    row = rows.person(int(session[SESSION_KEY]))
    if row is None:
        return None
    if not constant_time_compare(session.get(HASH_SESSION_KEY, ""), rows.session_hash(row.password)):
        return None
    return Person(row.id, row.name, row.role, rows.fingerprint(row.password), session.session_key)


def session_store(key: str | None = None) -> Any:
    """A session as this process keeps them."""
    return import_module(settings.SESSION_ENGINE).SessionStore(key)


def _stands(person: Person) -> bool:
    if person.expires_at is not None and person.expires_at <= time.time():
        return False
    if person.session is not None:
        return _is_same(_by_session(person.session), person)
    if person.token is not None:
        return _is_same(_by_row(rows.token(id=person.token)), person)
    row = rows.person(person.id, program=person.program)
    return row is not None and rows.fingerprint(row.password) == person.fingerprint


def _is_same(fresh: Person | None, person: Person) -> bool:
    return fresh is not None and replace(fresh, accounts=person.accounts) == person


def _by_session(key: str) -> Person | None:
    return of_session(session_store(key))


def _by_claim(claim: tokens.Claim) -> Person | None:
    if claim.token is not None:
        return _by_row(rows.token(id=claim.token))
    row = rows.person(claim.user, program=claim.program)
    if row is None or not constant_time_compare(rows.fingerprint(row.password), claim.fingerprint):
        return None
    return Person(
        row.id,
        row.name,
        row.role,
        claim.fingerprint,
        claim.session,
        claim.expires_at,
        program=claim.program,
    )


def _by_row(row: TokenRow | None) -> Person | None:
    """The person of an API token, unless it has ended."""
    if row is None or (row.expires_at is not None and row.expires_at <= time.time()):
        return None
    return Person(
        row.person.id,
        row.person.name,
        row.person.role,
        rows.fingerprint(row.person.password),
        expires_at=row.expires_at,
        granted=scopes.known(row.scopes),
        account=row.account,
        token=row.id,
    )
