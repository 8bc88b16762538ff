"""`/api/watchlist/`: a person's own symbols, in their order."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field, StringConstraints

from candlewick.core.instrument import public_symbol
from candlewick.store.models import WATCHLIST_LIMIT
from candlewick.web.api.access import person_of
from candlewick.web.services import services_of
from candlewick.web.watchlist import instruments_of, keep

router = Router(tags=["watchlist"])
Symbol = Annotated[str, StringConstraints(min_length=1, max_length=80, strip_whitespace=True)]


class Watchlist(Schema):
    """The symbols, in order."""

    symbols: Annotated[list[Symbol], Field(max_length=WATCHLIST_LIMIT)]


@router.get("/", summary="Your watchlist", response=Watchlist)
def show(request: HttpRequest) -> Watchlist:
    """The symbols you watch, in your order."""
    directory = services_of(request).hub.directory
    found = instruments_of(person_of(request).id, directory)
    return Watchlist(symbols=[public_symbol(each, primary=directory.primary) for each in found])


@router.put("/", summary="Replace your watchlist", response=Watchlist)
def replace(request: HttpRequest, watchlist: Watchlist) -> Watchlist:
    """Watch these symbols, in this order: what is missing is removed, what is new is added."""
    directory = services_of(request).hub.directory
    wanted = list(dict.fromkeys(directory.instrument(symbol) for symbol in watchlist.symbols))
    keep(person_of(request).id, wanted)
    return Watchlist(symbols=[public_symbol(each, primary=directory.primary) for each in wanted])
