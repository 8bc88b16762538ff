"""The terminal's page."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from candlewick.store.models import Role, User
from candlewick.web.away import engine_away
from candlewick.web.components import registry
from candlewick.web.components.dispatch import Call, dispatch
from candlewick.web.components.views import visit_of
from candlewick.web.people import charted, preferences
from candlewick.web.people.accounts import chosen_if_any
from candlewick.web.scripts import scripts_of
from candlewick.web.services import services_of
from candlewick.web.terminal.page import Page
from candlewick.web.watchlist import instruments_of

ENTRY = "js/terminal/main.js"


@never_cache
@login_required
@require_safe
def terminal(request: HttpRequest) -> HttpResponse:
    """The page for `?symbol=&interval=&account=`; what it does not know is replaced by what there is."""
    services = services_of(request)
    link = services.engine.link
    user = request.user
    assert isinstance(user, User)  # `login_required` lets nobody else through
    if not link.instruments:
        return engine_away(request)
    page = Page.make(
        link,
        watchlist=instruments_of(user.pk, services.hub.directory),
        symbol=request.GET.get("symbol", ""),
        interval=request.GET.get("interval", ""),
        account=chosen_if_any(request),
        preferences=preferences.of(user.pk),
        charts=charted.of(user.pk),
    )
    context = page.context() | {
        "scripts": scripts_of(ENTRY),
        "may_control": user.role != Role.VIEWER,
        "trading": page.account,
        "ticket": _ticket(request, page),
    }
    return render(request, "terminal/terminal.html", context)


def _ticket(request: HttpRequest, page: Page) -> str:
    """The ticket's HTML, so that it stands there with the page."""
    visit = visit_of(request)
    if visit is None or page.account is None:
        return ""
    call = Call("order", params={"symbol": page.symbol, "size_in": page.preferences.size_by})
    return dispatch(registry, visit, call).html
