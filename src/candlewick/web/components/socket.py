"""Components over `/ws/`: `{"action":"component","name":…,"event":…,"data":{…}}`.

The answer carries the same `name`, `event` and `id`, the HTTP `status` that it would have had, and what the
component's `on_ws_message` makes of it. An event is handled on a thread of the bridge: it may ask the
database and wait for the engine.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

import orjson
from django.db import close_old_connections
from pydantic import BaseModel, ConfigDict, ValidationError

from candlewick.web.bridge import Bridge
from candlewick.web.components.dispatch import Answer, Call, dispatch, faults_of, refusal
from candlewick.web.components.registry import registry
from candlewick.web.components.visit import Visit
from candlewick.web.limits import TooMany, count_request
from candlewick.web.live import messages
from candlewick.web.live.hub import Hub
from candlewick.web.live.readers import Reader
from candlewick.web.people import accounts
from candlewick.web.people.identity import Person
from candlewick.web.services import Services

AT_ONCE: Final = 4  # events of one connection that may be under way


class ComponentEvents:
    """Takes what readers ask of components, and tells them the answers. Lives on the server's event loop."""

    def __init__(self, hub: Hub, bridge: Bridge, services: Services) -> None:
        self._hub = hub
        self._bridge = bridge
        self._services = services
        self._tasks: dict[asyncio.Task[None], Reader] = {}

    def take(self, reader: Reader, message: dict[str, Any]) -> None:
        """Answer a reader's message, when the answer is there."""
        if sum(each is reader for each in self._tasks.values()) >= AT_ONCE:
            text = f"At most {AT_ONCE} events at once: wait for an answer before you send the next."
            self._hub.tell(reader, messages.error("busy", text))
            return
        task = asyncio.get_running_loop().create_task(self._answer(reader, message))
        self._tasks[task] = reader
        task.add_done_callback(self._tasks.pop)

    async def _answer(self, reader: Reader, message: dict[str, Any]) -> None:
        told = await self._bridge.run(answer, self._services, reader.person, message, reader.address)
        self._hub.tell(reader, told)


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


def answer(services: Services, person: Person, message: Mapping[str, Any], source: str = "") -> bytes:
    """The answer, as JSON, to one message from the address `source`. It blocks: call it on a thread."""
    # with the addresses, every component is registered: a WebSocket may be faster than the first page
    from candlewick.web.components import urls  # noqa: F401
    from candlewick.web.components.views import make_known

    close_old_connections()
    try:
        asked = Message.model_validate(message)
    except ValidationError as error:
        text = f"A component's message is not valid: {', '.join(faults_of(error))}."
        return messages.error("malformed", text)
    try:
        count_request(person)
    except TooMany as error:
        return _told(asked, refusal(429, str(error), error.headers))
    visit = Visit(
        person,
        services.engine,
        services.hub.directory,
        lambda: accounts.find(person, asked.account, preferred=next(iter(person.accounts), None)),
        origin="manual" if person.session is not None else "api",
        source=source,
        open_account=partial(make_known, services.engine),
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
