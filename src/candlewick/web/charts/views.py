"""The page of charts."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from candlewick.core.interval import SECONDS
from candlewick.web.away import engine_away
from candlewick.web.charts.page import start
from candlewick.web.link import Link
from candlewick.web.people import charted, panes
from candlewick.web.people.accounts import chosen_if_any
from candlewick.web.people.doors import page, who
from candlewick.web.people.panes import Panes
from candlewick.web.scripts import script_json, scripts_of
from candlewick.web.services import services_of
from candlewick.web.watchlist import instruments_of

ENTRY: Final = "js/charts/main.js"
LAYOUTS: Final = (1, 2, 4, 6)


@page("read")
@require_safe
def charts(request: HttpRequest) -> HttpResponse:
    """Several charts side by side, as the person left them, with the trades of the chosen account."""
    services, person = services_of(request), who(request).id
    link, directory = services.engine.link, services.hub.directory
    if not link.instruments:
        return engine_away(request)
    symbols = instruments_of(person, directory) or list(link.instruments)
    kept = _listed(panes.of(person), link)
    shown = panes.filled(kept, symbols, charted.of(person).indicators)
    access = chosen_if_any(request)
    told = start(link, shown, account=None if access is None else access.id)
    context = {
        "scripts": scripts_of(ENTRY),
        "start": told,
        "start_json": script_json(told),
        "layouts": LAYOUTS,
        "intervals": list(SECONDS),
        "is_simulated": any(each["simulated"] for each in told["instruments"]),
    }
    return render(request, "charts/charts.html", context)


def _listed(kept: Panes, link: Link) -> Panes:
    """Without the symbols that no venue lists any more."""
    return kept.model_copy(
        update={"panes": tuple(each for each in kept.panes if each.symbol in link.instruments)}
    )
