"""What a component is. The words are those of the field: mount, on_<event>, schema, permission_classes.

A component lives for one visit. It is made, handles at most one event, mounts (reads its state from the
engine and the database) and is rendered. No state comes back from a browser: an event's data are typed in
by somebody, and are validated as such.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final
from urllib.parse import urlencode

import orjson
from django.template.loader import render_to_string
from pydantic import BaseModel, ConfigDict

from candlewick.web.components.permissions import Permission
from candlewick.web.components.visit import Visit

HANDLER: Final = "on_"


class Schema(BaseModel):
    """Data of an event: strict, and what is not named here is refused."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Nothing(Schema):
    """An event without data."""


class Params(Schema):
    """What a component's address may hold beside the account."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event that a component declares.

    Attributes:
        schema: its data.
        permission_classes: who may send it, beside those who may see the component.
        rate_limit: how often a minute one person may; None: as the component.
        part: template of the part that answers it, where the whole need not be drawn anew.
    """

    schema: type[Schema] = Nothing
    permission_classes: tuple[type[Permission], ...] = ()
    rate_limit: int | None = None
    part: str | None = None


@dataclass
class Notice:
    """What came of an event, in a sentence. `level` is ok, warn or error."""

    level: str
    text: str


class Component:
    """A part of a page.

    Attributes:
        template_name: what it is rendered with; `component` and its state are the context.
        permission_classes: who may see it. Without any it cannot be registered.
        events: the events it answers to, by name; each has a handler `on_<name>(data)`.
        rate_limit: how often a minute one person may send each of its events.
        cache_ttl: seconds for which one person's view of it may be shown again; 0: never.
        is_of_account: whether it shows one account; else what is a person's own.
        state: what it shows, filled by `mount` and the handlers.
        notice: what came of the event.
        errors: sentences by field of the event's data.
        values: what was typed, to be shown again beside the errors.
    """

    name: ClassVar[str] = ""
    template_name: ClassVar[str]
    permission_classes: ClassVar[tuple[type[Permission], ...]] = ()
    params_schema: ClassVar[type[Params]] = Params
    events: ClassVar[Mapping[str, Event]] = {}
    rate_limit: ClassVar[int] = 600
    cache_ttl: ClassVar[float] = 0
    is_of_account: ClassVar[bool] = True

    def __init__(self, visit: Visit, params: Any) -> None:
        self.visit = visit
        self.params = params
        self.state: dict[str, Any] = {}
        self.notice: Notice | None = None
        self.errors: dict[str, list[str]] = {}
        self.values: dict[str, str] = {}
        self.triggers: dict[str, Any] = {}

    def mount(self) -> None:
        """Fill `state` with what is to be shown. What it raises is shown in place of it."""

    def get_context(self) -> dict[str, Any]:
        """What the template is given."""
        account = self.visit.account if self.is_of_account else None
        return {"component": self, "account": account, **self.state}

    def render(self, template_name: str | None = None) -> str:
        """The component as HTML, or the part of it that another template draws."""
        return render_to_string(template_name or self.template_name, self.get_context())

    def get_optimistic_patch(self, event: str) -> dict[str, str]:
        """What a page shows from the moment an event is sent until it is answered: text by `data-slot`.

        The page takes it back when the answer is an error, or does not come.
        """
        return {}

    def on_ws_message(self, html: str) -> dict[str, Any]:
        """What a WebSocket is told of an event, beside its name and status."""
        return {"html": html}

    @property
    def optimistic(self) -> str:
        """Every declared event's optimistic patch, as JSON for the page to hold ready."""
        patches = {event: self.get_optimistic_patch(event) for event in self.events}
        return orjson.dumps({event: patch for event, patch in patches.items() if patch}).decode()

    @property
    def address(self) -> str:
        """Where it is looked at and its events go; its own parameters stay in it."""
        own = self.params.model_dump(exclude_defaults=True, mode="json")
        query = urlencode(own | ({"account": self.visit.account.id} if self.is_of_account else {}))
        return f"/components/{self.name}/" + (f"?{query}" if query else "")


class FormComponent(Component):
    """A component around one form: what is wrong with its data is said beside the fields.

    `schema` is the form's; without `events` of its own it answers to `submit` alone.
    """

    schema: ClassVar[type[Schema]]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "events" not in cls.__dict__ and "schema" in cls.__dict__:
            cls.events = {"submit": Event(cls.schema)}

    def show_again(self, typed: Mapping[str, Any]) -> None:
        """Keep what was typed, so that nobody types it twice."""
        self.values = {name: "" if value is None else str(value) for name, value in typed.items()}
