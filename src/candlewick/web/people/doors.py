"""Who may open a page of the settings."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeAlias
from urllib.parse import urlencode

from allauth.account.internal.flows.reauthentication import did_recently_reauthenticate
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache

from candlewick.store.models import User
from candlewick.web.people.identity import Person, person_of
from candlewick.web.people.scopes import Scope

View: TypeAlias = Callable[..., HttpResponse]


def page(scope: Scope) -> Callable[[View], View]:
    """Let those in who are signed in and may do what `scope` names; nothing they see is kept in a cache."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not who(request).may(scope):
                raise PermissionDenied("Your role does not permit this.")
            return view(request, *args, **kwargs)

        return never_cache(login_required(guarded))

    return decorate


def confirmed(back: str) -> Callable[[View], View]:
    """Let those in who have shown a moment ago that it is they: what is here outlives their session.

    Who has not shows it, and comes to the page `back`. A form that came too late is not kept meanwhile, since
    it may hold a secret; it is filled in again.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if did_recently_reauthenticate(request):
                return view(request, *args, **kwargs)
            onward = urlencode({REDIRECT_FIELD_NAME: reverse(back)})
            return redirect(f"{reverse('account_reauthenticate')}?{onward}")

        return guarded

    return decorate


def who(request: HttpRequest) -> Person:
    """The person of a request that `page` let through."""
    person = person_of(request)
    assert person is not None, "asked for outside of a guarded page"
    return person


def user_of(request: HttpRequest) -> User:
    """Their row."""
    assert isinstance(request.user, User), "asked for outside of a guarded page"
    return request.user
