"""`/api/token/` and `/api/ws-ticket/`: how programs prove who they are."""

from __future__ import annotations

from typing import Annotated, Final

from allauth.account.adapter import get_adapter
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema
from ninja.errors import AuthenticationError
from pydantic import Field

from candlewick.store.models import User
from candlewick.web import problem
from candlewick.web.api.access import person_of
from candlewick.web.people import tokens

router = Router(tags=["sign-in"])
_LOCKED_S: Final = 300


class Credentials(Schema):
    """A name and its password."""

    username: Annotated[str, Field(max_length=150)]
    password: Annotated[str, Field(max_length=256)]


class Refresh(Schema):
    """A refresh token."""

    refresh: Annotated[str, Field(max_length=1000)]


class Tokens(Schema):
    """Both tokens, and how long the access token lasts."""

    access: str
    refresh: str
    expires_in: int


class Access(Schema):
    """A fresh access token."""

    access: str
    expires_in: int


class Ticket(Schema):
    """What opens one live connection: `/ws/?ticket=…`."""

    ticket: str
    expires_in: int


@router.post("/token/", auth=None, response=Tokens, summary="Tokens for a name and password")
def obtain(request: HttpRequest, credentials: Credentials) -> Tokens | HttpResponse:
    """The access token goes into `Authorization: Bearer`; the refresh token gets the next one.

    Failures count together with those of the sign-in page, and lock the name alike.
    """
    try:
        user = get_adapter().authenticate(
            request, username=credentials.username, password=credentials.password
        )
    except ValidationError as error:
        detail = " ".join(error.messages)
        return problem.response(429, detail, headers={"Retry-After": str(_LOCKED_S)})
    if not isinstance(user, User):
        raise AuthenticationError(401, "The name or the password is not right.")
    return Tokens(
        access=tokens.issue(user, tokens.ACCESS),
        refresh=tokens.issue(user, tokens.REFRESH),
        expires_in=tokens.LIFETIME_S[tokens.ACCESS],
    )


@router.post("/token/refresh/", auth=None, response=Access, summary="A fresh access token")
def refresh(request: HttpRequest, old: Refresh) -> Access:
    """A refresh token lasts two weeks, or until the password changes."""
    claim = tokens.read(old.refresh, tokens.REFRESH)
    user = claim and User.objects.filter(pk=claim.user, is_active=True).first()
    if not claim or not user or tokens.fingerprint(user) != claim.fingerprint:
        raise AuthenticationError(401, "This refresh token is not valid any more. Ask for new ones.")
    return Access(access=tokens.issue(user, tokens.ACCESS), expires_in=tokens.LIFETIME_S[tokens.ACCESS])


@router.post("/ws-ticket/", response=Ticket, summary="A ticket for one live connection")
def ticket(request: HttpRequest) -> Ticket:
    """For programs that cannot send headers with a WebSocket. It works once, within half a minute."""
    person = person_of(request)
    claim = tokens.Claim(person.id, person.fingerprint, person.expires_at, person.session)
    return Ticket(ticket=tokens.issue_ticket(claim), expires_in=tokens.TICKET_S)
