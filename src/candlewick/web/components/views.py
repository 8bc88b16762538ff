"""Components over HTTP: `GET` looks, `POST` sends the event that `event` names."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from candlewick.store.models import Account
from candlewick.web import desk
from candlewick.web.components.dispatch import Call, dispatch
from candlewick.web.components.registry import registry
from candlewick.web.components.visit import Visit
from candlewick.web.limits import count_request
from candlewick.web.link import Engine
from candlewick.web.people.accounts import AccountAccess, chosen
from candlewick.web.people.identity import person_of
from candlewick.web.people.trail import origin_of
from candlewick.web.services import services_of

_OURS = frozenset({"account", "event"})  # of the address, not the component's


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def component(request: HttpRequest, name: str) -> HttpResponse:
    """The component's HTML. 401, 403, 404, 409, 422, 429 and 503 are HTML too, to stand in its place."""
    visit = visit_of(request)
    if visit is None:
        return render(request, "components/_signed_out.html", status=401)
    count_request(visit.person)
    is_event = request.method == "POST"
    data = _texts(request.POST) if is_event else {}
    call = Call(
        name,
        event=data.get("event", "") if is_event else None,
        data=data,
        params={key: value for key, value in _texts(request.GET).items() if key not in _OURS},
    )
    answer = dispatch(registry, visit, call)
    headers = answer.headers
    if answer.component is not None or answer.status == 200:
        headers["X-Component"] = name  # what is none, such as a refusal, takes no component's place in a page
    return HttpResponse(answer.html, status=answer.status, headers=headers)


def visit_of(request: HttpRequest) -> Visit | None:
    """The visit that a request is; None if nobody is signed in."""
    person = person_of(request)
    if person is None:
        return None
    services = services_of(request)
    return Visit(
        person,
        services.engine,
        services.hub.directory,
        lambda: chosen(request),
        source=origin_of(request),
        open_account=partial(make_known, services.engine),
    )


def make_known(engine: Engine, access: AccountAccess) -> None:
    """Make an account known to an engine that has not heard of it."""
    desk.open_account(engine, Account.objects.get(pk=access.id))


def _texts(query: QueryDict) -> Mapping[str, str]:
    return {name: str(value) for name, value in query.items()}
