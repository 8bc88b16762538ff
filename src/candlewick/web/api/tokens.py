"""`/api/token/` and `/api/ws-ticket/`: how programs prove who they are."""

from __future__ import annotations

from typing import Annotated, Final

from allauth.account.adapter import get_adapter
from allauth.core.context import request_context
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema
from ninja.errors import AuthenticationError
from pydantic import Field

from candlewick.store.models import User
from candlewick.web import problem
from candlewick.web.api.access import person_of
from candlewick.web.people import identity, programs, tokens, two_factor
from candlewick.web.people.trail import note, origin_of

router = Router(tags=["sign-in"])
_LOCKED_S: Final = 300


class Credentials(Schema):
    """A name and its password."""

    username: Annotated[str, Field(max_length=150)]
    password: Annotated[str, Field(max_length=256)]
    code: Annotated[str, Field(max_length=20)] | None = None
    """Of the authenticator, or a recovery code: for who has turned two-factor sign-in on."""


class Refresh(Schema):
    """A refresh token."""

    refresh: Annotated[str, Field(max_length=1000)]


class Tokens(Schema):
    """Both tokens, and how long the access token lasts."""

    access: str
    refresh: str
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
        with request_context(request):  # allauth counts failures by it; its middleware is on the pages' way
            user = _signed_in(request, credentials)
    except ValidationError as error:
        detail = " ".join(error.messages)
        return problem.response(429, detail, headers={"Retry-After": str(_LOCKED_S)})
    agent, origin = request.headers.get("User-Agent", ""), origin_of(request)
    with transaction.atomic():
        pair = programs.begin(user, agent=agent, origin_ip=origin or None)
        note(request, "sign_in.done", user.username, actor=user.username, after={"program": agent[:200]})
    return _both(pair)


def _signed_in(request: HttpRequest, credentials: Credentials) -> User:
    user = get_adapter().authenticate(request, username=credentials.username, password=credentials.password)
    if not isinstance(user, User):
        raise AuthenticationError(401, "The name or the password is not right.")
    if two_factor.is_on(user.pk) and (refusal := two_factor.refusal(user, credentials.code)):
        raise AuthenticationError(401, refusal)
    return user


@router.post("/token/refresh/", auth=None, response=Tokens, summary="The next two tokens")
def refresh(request: HttpRequest, old: Refresh) -> Tokens:
    """A refresh token works once, within two weeks, while the password stays.

    One that comes a second time was copied: it ends the program's session, and every token of it.
    """
    pair = programs.go_on(old.refresh)
    if pair is None:
        raise AuthenticationError(401, "This refresh token is not valid any more. Ask for new ones.")
    return _both(pair)


@router.post("/ws-ticket/", response=Ticket, summary="A ticket for one live connection")
def ticket(request: HttpRequest) -> Ticket:
    """For programs that cannot send headers with a WebSocket. It works once, within half a minute."""
    person = person_of(request)
    ticket = tokens.issue_ticket(identity.claim_of(person))
    return Ticket(ticket=ticket, expires_in=tokens.TICKET_S)


def _both(pair: tuple[str, str]) -> Tokens:
    access, refresh = pair
    return Tokens(access=access, refresh=refresh, expires_in=tokens.LIFETIME_S[tokens.ACCESS])
