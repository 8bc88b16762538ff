"""Who calls the API: a program with a bearer token, or a page with its session and CSRF token."""

from __future__ import annotations

from django.http import HttpRequest
from ninja.errors import AuthorizationError
from ninja.security import HttpBearer
from ninja.security.session import SessionAuth

from candlewick.store.models import Role, User
from candlewick.web.people import identity
from candlewick.web.people.identity import Person


class ByToken(HttpBearer):
    """`Authorization: Bearer` with an access token."""

    def authenticate(self, request: HttpRequest, token: str) -> Person | None:
        return identity.by_access_token(token)


class BySession(SessionAuth):
    """The session cookie; what changes something needs the CSRF token too."""

    def __call__(self, request: HttpRequest) -> Person | None:
        # A stranger is told to sign in, not that a token of theirs is missing.
        if not isinstance(request.user, User):
            return None
        super().__call__(request)
        return identity.of_user(request.user, session=request.session.session_key)


def person_of(request: HttpRequest) -> Person:
    """Who calls, once authenticated."""
    person: Person = request.auth  # type: ignore[attr-defined]  # set by ninja
    return person


def require_role(request: HttpRequest, *roles: Role) -> None:
    """Let only these roles pass.

    Raises:
        AuthorizationError: the caller has another role.
    """
    if person_of(request).role not in roles:
        raise AuthorizationError(403, f"Your role may not do this; it takes {' or '.join(roles)}.")
