"""The pages of strategies: what there is, and one by itself."""

from __future__ import annotations

from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from candlewick.store.models import Job
from candlewick.web.people.doors import page, who
from candlewick.web.research import rows
from candlewick.web.research.results import code_lines
from candlewick.web.research.views import may_ask
from candlewick.web.scripts import scripts_of
from candlewick.web.strategies.shelf import Book, NoSuchStrategy, shelf

ENTRY: Final = "js/strategies/main.js"
STUDIES: Final = 8


@page("read")
@require_safe
def strategies(request: HttpRequest) -> HttpResponse:
    """All that there are, and the files that are broken."""
    found = shelf()
    context = {
        "scripts": scripts_of(ENTRY),
        "shelf": found,
        "may_ask": may_ask(request),
    }
    return render(request, "strategies/strategies.html", context)


@page("read")
@require_safe
def strategy(request: HttpRequest, name: str) -> HttpResponse:
    """One strategy: its idea, its parameters, its code, its studies."""
    try:
        found = shelf().find(name)
    except NoSuchStrategy as error:
        raise Http404(str(error)) from None
    context: dict[str, Any] = {
        "scripts": scripts_of(ENTRY),
        "strategy": found,
        "params": [
            {
                "name": name,
                "default": param.default,
                "allowed": param.allowed,
                "step": "" if param.step is None or param.choices else f"{param.step:g}",
            }
            for name, param in found.params.items()
        ],
        "code": list(code_lines(found.told.source)),
        "studies": [rows.row_of(each) for each in studies_of(who(request).id, found)],
        "may_ask": may_ask(request),
    }
    return render(request, "strategies/strategy.html", context)


def studies_of(owner: int, strategy: Book) -> list[Job]:
    """A person's newest studies of a strategy."""
    found = Job.objects.filter(owner_id=owner, spec__strategy=strategy.told.reference).defer(
        "source", "notes"
    )
    return list(found.order_by("-created_ns", "-pk")[:STUDIES])
