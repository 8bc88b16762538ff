"""Who calls the API, and whether they may: a program with a bearer token, or a page with its session."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest
from ninja.errors import AuthorizationError
from ninja.security import HttpBearer
from ninja.security.session import SessionAuth

from candlewick.store.models import Role
from candlewick.web.limits import count_request
from candlewick.web.people import identity
from candlewick.web.people.identity import Person
from candlewick.web.people.scopes import Scope

# What a request needs is decided by where it goes, before any view is asked: whoever adds an address and
# forgets it here has added one that takes "write".
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_CHANGING: Final[tuple[tuple[str, Scope], ...]] = (
    ("/api/orders/preview/", "read"),
    ("/api/orders/", "trade"),
    ("/api/positions/leverage/", "risk"),
    ("/api/positions/", "trade"),
    ("/api/dashboard/portfolio/", "trade"),
    ("/api/dashboard/strategies/", "trade"),
    ("/api/replay/", "trade"),
    ("/api/risk/kill-switch/", "trade"),  # whoever may trade may stop
    ("/api/risk/", "risk"),
    ("/api/accounts/", "accounts"),
    ("/api/ws-ticket/", "read"),
)


def scope_of(method: str, path: str) -> Scope:
    """The scope that a request takes."""
    if method in _SAFE:
        return "read"
    return next((scope for start, scope in _CHANGING if path.startswith(start)), "write")


class ByToken(HttpBearer):
    """`Authorization: Bearer` with an access token or an API token."""

    def __call__(self, request: HttpRequest) -> Person | None:
        kind, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        return self.authenticate(request, token) if kind.lower() == self.openapi_scheme else None

    def authenticate(self, request: HttpRequest, token: str) -> Person | None:
        return _admitted(request, identity.by_bearer(token))


class BySession(SessionAuth):
    """The session cookie; what changes something needs the CSRF token too."""

    def __call__(self, request: HttpRequest) -> Person | None:
        # `request.user` would say the same, and ask the database through the ORM for it.
        person = identity.of_session(request.session)
        if person is None:
            return None  # a stranger is told to sign in, not that a token of theirs is missing
        self._get_key(request)  # asks for the CSRF token
        return _admitted(request, person)


def _admitted(request: HttpRequest, person: Person | None) -> Person | None:
    if person is not None:
        require(person, scope_of(request.method or "", request.path))
        count_request(person)
    return person


def person_of(request: HttpRequest) -> Person:
    """Who calls, once authenticated."""
    person: Person = request.auth  # type: ignore[attr-defined]  # set by ninja
    return person


def require(person: Person, scope: Scope) -> None:
    """Let only those pass whose role and token both permit `scope`.

    Raises:
        AuthorizationError: this person's do not.
    """
    if person.may(scope):
        return
    if person.granted is not None and scope not in person.granted:
        raise AuthorizationError(403, f"This token may not do that: it lacks the scope {scope!r}.")
    raise AuthorizationError(403, f"Your role, {person.role}, may not do this.")


def require_role(request: HttpRequest, *roles: Role) -> None:
    """Let only these roles pass.

    Raises:
        AuthorizationError: the caller has another role.
    """
    if person_of(request).role not in roles:
        raise AuthorizationError(403, f"Your role may not do this; it takes {' or '.join(roles)}.")
