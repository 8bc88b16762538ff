"""Asking the engine about a person's account, from a view."""

from __future__ import annotations

import contextlib
from typing import Any

from django.db import close_old_connections
from django.http import HttpRequest

from candlewick.core.errors import EngineAway, UnknownAccount, UnknownSymbol
from candlewick.store.models import Account
from candlewick.web.link import Engine
from candlewick.web.people.accounts import AccountAccess
from candlewick.web.people.identity import person_of
from candlewick.web.people.trail import origin_of
from candlewick.web.services import services_of


def ask(request: HttpRequest, access: AccountAccess, verb: str, **arguments: Any) -> bytes:
    """The engine's JSON answer about an account that the person may see.

    Whoever changes something with it has been asked for `may_trade` or the like before.

    Raises:
        CandlewickError: whatever the engine answers.
    """
    return ask_engine(services_of(request).engine, access, verb, **arguments)


def ask_engine(engine: Engine, access: AccountAccess, verb: str, **arguments: Any) -> bytes:
    """As `ask`, where there is no request of Django's.

    Raises:
        CandlewickError: whatever the engine answers.
    """
    try:
        return engine.request(verb, account=access.id, **arguments)
    except UnknownAccount:
        open_account(engine, Account.objects.get(pk=access.id))
        return engine.request(verb, account=access.id, **arguments)


def act(request: HttpRequest, access: AccountAccess, verb: str, **arguments: Any) -> bytes:
    """As `ask`, for what changes something: the engine is told by whom, and from where."""
    return ask(request, access, verb, actor=actor_of(request), source=origin_of(request), **arguments)


def open_numbered(engine: Engine, number: int) -> None:
    """Make an account known to the engine, if there is one of that number and the engine is there."""
    close_old_connections()
    account = Account.objects.filter(pk=number).select_related("user").first()
    if account is not None:
        with contextlib.suppress(EngineAway):  # whoever follows it asks again when it is back
            open_account(engine, account)


def open_account(engine: Engine, account: Account) -> None:
    """Make an account known to the engine; one that it knows is left as it is."""
    engine.request(
        "account.open",
        account=account.pk,
        name=account.name,
        kind=account.kind,
        currency=account.currency,
        cash=str(account.starting_cash),
        venue=account.venue or None,
        actor=account.user.username,
    )


def actor_of(request: HttpRequest) -> str:
    """Who acts: the person's name."""
    person = person_of(request)
    return person.name if person is not None else ""


def require_symbol(request: HttpRequest, symbol: str) -> str:
    """The internal id of the symbol that a person's text means.

    Raises:
        UnknownSymbol: nothing by that name is listed.
        EngineAway: what is listed is not known yet.
    """
    if not symbol:
        raise UnknownSymbol(symbol)
    return services_of(request).hub.directory.instrument(symbol)
