"""Components over `/ws/`: `{"action":"component","name":…,"event":…,"data":{…}}`.

The answer carries the same `name`, `event` and `id`, the HTTP `status` that it would have had, and what the
component's `on_ws_message` makes of it. An event is handled on a thread of the bridge: it may ask the
database and wait for the engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson
from django.db import close_old_connections
from pydantic import BaseModel, ConfigDict, ValidationError

from candlewick.web.components.dispatch import Answer, Call, dispatch, faults_of
from candlewick.web.components.registry import registry
from candlewick.web.components.visit import Visit
from candlewick.web.live import messages
from candlewick.web.people import accounts
from candlewick.web.people.identity import Person
from candlewick.web.services import Services

AT_ONCE: Final = 4  # events of one connection that may be under way


class Message(BaseModel):
    """What a WebSocket may ask of a component."""

    model_config = ConfigDict(strict=True, extra="forbid")

    action: str
    name: str
    event: str | None = None
    data: dict[str, Any] = {}
    params: dict[str, str] = {}
    account: int | str | None = None
    id: int | str | None = None


def answer(services: Services, person: Person, message: Mapping[str, Any]) -> bytes:
    """The answer to one message, as JSON. Blocks; call it on a thread."""
    # every view is imported when the addresses are; a WebSocket may be faster than the first page
    from candlewick.web.components import urls  # noqa: F401

    close_old_connections()
    try:
        asked = Message.model_validate(message)
    except ValidationError as error:
        text = f"A component's message is not valid: {', '.join(faults_of(error))}."
        return messages.error("malformed", text)
    visit = Visit(
        person,
        services.engine,
        services.hub.directory,
        lambda: accounts.find(person, asked.account),
        origin="manual" if person.session is not None else "api",
    )
    call = Call(asked.name, asked.event, asked.data, asked.params, is_text=False)
    return _told(asked, dispatch(registry, visit, call))


def _told(asked: Message, answer: Answer) -> bytes:
    told: dict[str, Any] = {"type": "component", "name": asked.name, "event": asked.event}
    if asked.id is not None:
        told["id"] = asked.id
    told["status"] = answer.status
    if answer.detail:
        told["detail"] = answer.detail
    if answer.component is None:
        return orjson.dumps(told | {"html": answer.html})
    if answer.component.errors:
        told["errors"] = answer.component.errors
    return orjson.dumps(told | answer.component.on_ws_message(answer.html), default=str)
