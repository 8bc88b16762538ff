"""What every page may show of a person's accounts: read when a template asks, once a request."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from candlewick.web.people import accounts as register
from candlewick.web.people.accounts import AccountAccess, NoSuchAccount


def accounts(request: HttpRequest) -> dict[str, Any]:
    """`accounts`, those that the person may see; `account`, the one that the request is about."""
    if not hasattr(request, "user") or not request.user.is_authenticated:
        return {"accounts": (), "account": None}
    return {
        "here_of_any_account": SimpleLazyObject(lambda: _here(request)),
        "accounts": SimpleLazyObject(lambda: register.of_request(request)),
        "account": SimpleLazyObject(lambda: _chosen(request)),
    }


def _here(request: HttpRequest) -> str:
    """The page's address without the account that it names: where another one is chosen, it would stay."""
    query = request.GET.copy()
    query.pop("account", None)
    return f"{request.path}?{query.urlencode()}" if query else request.path


def _chosen(request: HttpRequest) -> AccountAccess | None:
    try:
        return register.chosen(request)
    except NoSuchAccount:
        return None
