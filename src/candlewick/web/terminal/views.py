"""The terminal's page."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from candlewick.store.models import Role, User
from candlewick.web.services import services_of
from candlewick.web.terminal import vendor
from candlewick.web.terminal.page import Page
from candlewick.web.watchlist import instruments_of


@never_cache
@login_required
@require_safe
def terminal(request: HttpRequest) -> HttpResponse:
    """The page for `?symbol=&interval=`; what it does not know is replaced by what there is."""
    services = services_of(request)
    link = services.engine.link
    user = request.user
    assert isinstance(user, User)  # `login_required` lets nobody else through
    if not link.instruments:  # the engine was never seen, or no venue has told it yet what it lists
        answer = render(request, "503.html", status=503)
        answer["Retry-After"] = answer["Refresh"] = "1"  # the page comes as soon as the engine does
        return answer
    page = Page.make(
        link,
        watchlist=instruments_of(user.pk, services.hub.directory),
        symbol=request.GET.get("symbol", ""),
        interval=request.GET.get("interval", ""),
    )
    return render(
        request,
        "terminal/terminal.html",
        page.context() | _assets() | {"may_control": user.role != Role.VIEWER},
    )


def _assets() -> dict[str, Any]:
    return {"import_map": vendor.import_map(), "modules": vendor.modules()}
