"""Who a request or a live connection belongs to."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.utils.crypto import constant_time_compare

from candlewick.store.models import User
from candlewick.web.people import tokens


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is signed in, and what their being so rests on.

    Attributes:
        fingerprint: changes when their password or their right to sign in does.
        session: key of the session they came with; None for a token.
        expires_at: when the token they came with ends, Unix seconds; None for a session.
        accounts: numbers of the accounts they may see, the one they have chosen first.
    """

    id: int
    name: str
    role: str
    fingerprint: str
    session: str | None = None
    expires_at: float | None = None
    accounts: tuple[int, ...] = ()


def by_cookie(header: str) -> Person | None:
    """The person whose session cookie stands in a `Cookie` header."""
    try:
        morsel = SimpleCookie(header).get(settings.SESSION_COOKIE_NAME)
    except CookieError:
        return None
    return None if morsel is None else _by_session(morsel.value)


def by_access_token(token: str) -> Person | None:
    """The person an access token was made for."""
    claim = tokens.read(token, tokens.ACCESS)
    return None if claim is None else _by_claim(claim)


def by_ticket(ticket: str) -> Person | None:
    """The person a ticket was made for; it is worthless afterwards."""
    claim = tokens.spend_ticket(ticket)
    return None if claim is None else _by_claim(claim)


def still_signed_in(people: Iterable[Person]) -> set[Person]:
    """Those of `people` whose session, token and account still stand."""
    return {person for person in people if _stands(person)}


def of_user(user: User, *, session: str | None = None, expires_at: float | None = None) -> Person:
    """The person that a row stands for."""
    return Person(user.pk, user.username, user.role, tokens.fingerprint(user), session, expires_at)


def _stands(person: Person) -> bool:
    if person.expires_at is not None and person.expires_at <= time.time():
        return False
    if person.session is not None:
        return _by_session(person.session) == person
    user = _active(person.id)
    return user is not None and tokens.fingerprint(user) == person.fingerprint


def _by_session(key: str) -> Person | None:
    session = SessionStore(key)
    if BACKEND_SESSION_KEY not in session or session.session_key is None:
        return None
    user = _active(session[SESSION_KEY])
    if user is None:
        return None
    if not constant_time_compare(session.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash()):
        return None
    return of_user(user, session=key)


def _by_claim(claim: tokens.Claim) -> Person | None:
    user = _active(claim.user)
    if user is None or not constant_time_compare(tokens.fingerprint(user), claim.fingerprint):
        return None
    return of_user(user, session=claim.session, expires_at=claim.expires_at)


def _active(id: int | str) -> User | None:
    return User.objects.filter(pk=id, is_active=True).first()
