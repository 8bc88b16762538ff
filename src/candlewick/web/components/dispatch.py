"""The one road from an event to its handler, for HTTP, WebSocket and tests alike.

Known, permitted, declared, not too often, valid: in this order, and only then is a handler called.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from django.core.cache import cache as kept
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.template.loader import render_to_string
from pydantic import ValidationError

from candlewick.core.errors import (
    CandlewickError,
    Conflict,
    EngineAway,
    OrderRefused,
    RateLimited,
    UsageError,
    VenueError,
)
from candlewick.web.components.component import Component, Event, FormComponent, Notice, Schema
from candlewick.web.components.permissions import Denied, Permission
from candlewick.web.components.registry import Registry
from candlewick.web.components.visit import Visit
from candlewick.web.limits import TooMany, limiter

log = logging.getLogger(__name__)
_DROPPED: Final = frozenset({"event", "csrfmiddlewaretoken"})


@dataclass(frozen=True)
class Call:
    """What is asked of a component.

    Attributes:
        event: name of the event; None only looks.
        data: of the event, as it was sent.
        params: of the component's address.
        is_text: every value is a text, as forms send them, and an empty one is none.
    """

    name: str
    event: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    is_text: bool = True


@dataclass
class Answer:
    """What comes of a call: an HTTP status, the HTML in its place, and the component it was drawn from."""

    status: int
    html: str
    component: Component | None = None
    headers: dict[str, str] = field(default_factory=dict)
    detail: str = ""


def dispatch(registry: Registry, visit: Visit, call: Call) -> Answer:
    """Answer a call. Errors are answers too: nothing that a person can cause is raised."""
    kind = registry.get(call.name)
    if kind is None:
        return refusal(404, f"There is no component {call.name[:40]!r}.")
    try:
        _permit(visit, kind.permission_classes)
        event = _declared(kind, call)
        if event is not None:
            _permit(visit, event.permission_classes)
            _count(visit, kind, call.event or "", event)
        params = _read(kind.params_schema, call.params, is_text=True)
    except ValidationError as error:
        return refusal(422, f"Not valid: {', '.join(faults_of(error))}.")
    except (Denied, PermissionDenied) as error:
        return refusal(403, str(error) or "You may not do this.")
    except Http404 as error:
        return refusal(404, str(error))
    except TooMany as error:
        return refusal(429, str(error), error.headers)
    if event is None:
        return _show(kind, visit, params)
    return _handle(kind(visit, params), call, event)


def _show(kind: type[Component], visit: Visit, params: Schema) -> Answer:
    key = _cache_key(kind, visit, params)
    if kind.cache_ttl and (html := kept.get(key)) is not None:
        return Answer(200, html)
    component = kind(visit, params)
    answer = _draw(component, 200)
    if kind.cache_ttl and answer.status == 200:
        kept.set(key, answer.html, kind.cache_ttl)
    return answer


def _handle(component: Component, call: Call, event: Event) -> Answer:
    typed = {name: value for name, value in call.data.items() if name not in _DROPPED}
    if isinstance(component, FormComponent):
        component.show_again(typed)
    status, headers, detail = 200, dict[str, str](), ""
    try:
        data = _read(event.schema, typed, is_text=call.is_text)
        getattr(component, f"on_{call.event}")(data)
    except ValidationError as error:
        component.errors = faults_of(error)
        status, detail = 422, f"Not valid: {', '.join(component.errors)}."
        if not isinstance(component, FormComponent):
            component.notice = Notice("error", detail)
    except CandlewickError as error:
        status, headers = status_of(error)
        detail = str(error)
        if isinstance(error, OrderRefused) and error.field and isinstance(component, FormComponent):
            component.errors = {error.field: [detail]}
        else:
            component.notice = Notice("error", detail)
    if component.cache_ttl:
        kept.delete(_cache_key(type(component), component.visit, component.params))
    if component.errors and status == 200:
        status = 422
    if event.part is not None:
        answer = Answer(status, component.render(event.part), component)
    else:
        answer = _draw(component, status)
    answer.headers |= headers
    answer.detail = detail or answer.detail
    if component.triggers:
        answer.headers["HX-Trigger"] = json.dumps(component.triggers)  # a header is ASCII, as json writes it
    return answer


def _draw(component: Component, status: int) -> Answer:
    """The component as it is now, or a sentence why it cannot be shown."""
    detail = ""
    try:
        component.mount()
    except CandlewickError as error:
        failed, headers = status_of(error)
        component.notice = component.notice or Notice("error", str(error))
        answer = Answer(failed if status == 200 else status, component.render(), component, headers)
        answer.detail = str(error)
        return answer
    return Answer(status, component.render(), component, detail=detail)


def status_of(error: CandlewickError) -> tuple[int, dict[str, str]]:
    """The HTTP status and headers of an error of ours."""
    match error:
        case OrderRefused():
            return 422, {}
        case Conflict():
            return 409, {}
        case UsageError():
            return (404 if type(error) is not UsageError else 422), {}
        case TooMany():
            return 429, error.headers
        case RateLimited():
            return 429, {"Retry-After": str(max(1, round(error.retry_after_s)))}
        case EngineAway() | VenueError():
            return 503, {"Retry-After": "1"}
    log.error("A component's event failed: %s", error)
    return 500, {}


def faults_of(error: ValidationError) -> dict[str, list[str]]:
    """Sentences by field."""
    fields: dict[str, list[str]] = {}
    for each in error.errors(include_url=False, include_context=False, include_input=False):
        where = str(each["loc"][0]) if each["loc"] else "form"
        fields.setdefault(where, []).append(_sentence(each["type"], each["msg"]))
    return fields


def _sentence(kind: str, message: str) -> str:
    if kind == "missing":
        return "Fill this in."
    if kind.startswith("decimal_parsing"):
        return "Write a number, such as 0.15."
    if kind == "extra_forbidden":
        return "There is no such field."
    text = message.removeprefix("Value error, ").removeprefix("Input should be ")
    text = text if text != message or kind == "value_error" else message
    return f"{text[:1].upper()}{text[1:]}".rstrip(".") + "."


def _permit(visit: Visit, permissions: Iterable[type[Permission]]) -> None:
    for permission in permissions:
        permission().check(visit)


def _declared(kind: type[Component], call: Call) -> Event | None:
    if call.event is None:
        return None
    event = kind.events.get(call.event)
    if event is None:
        raise Denied(f"The component {call.name!r} has no event {call.event[:40]!r}.")
    return event


def _read(schema: type[Schema], data: Mapping[str, Any], *, is_text: bool) -> Schema:
    if is_text:
        texts = {name: value for name, value in data.items() if value != ""}
        return schema.model_validate_strings(texts)
    return schema.model_validate_json(orjson.dumps(dict(data)))


def _cache_key(kind: type[Component], visit: Visit, params: Schema) -> str:
    what = f"{visit.person.id}:{visit.account.id if kind.is_of_account else ''}:{params.model_dump_json()}"
    return f"component:{kind.name}:{hashlib.sha256(what.encode()).hexdigest()}"


def _count(visit: Visit, kind: type[Component], name: str, event: Event) -> None:
    per_minute = event.rate_limit or kind.rate_limit
    limiter().count(f"{kind.name} {name} events", per_minute, f"person {visit.person.id}")


def refusal(status: int, detail: str, headers: dict[str, str] | None = None) -> Answer:
    """The answer to a call that reaches no component."""
    html = render_to_string("components/_refused.html", {"detail": detail, "status": status})
    return Answer(status, html, headers=headers or {}, detail=detail)
