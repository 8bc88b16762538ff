"""`/api/replay/`: the controls of a replayed recording."""

from __future__ import annotations

from typing import Annotated, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema
from pydantic import Field

from candlewick.store.models import Role
from candlewick.web.api.access import require_role
from candlewick.web.api.paging import passed_on
from candlewick.web.services import services_of

router = Router(tags=["replay"])


class Control(Schema):
    """What to do. `value` is the speed: 1 is as it was recorded."""

    action: Literal["pause", "resume", "step", "speed"]
    value: Annotated[float, Field(gt=0, le=10_000)] | None = None


@router.get("/", summary="How a replay stands")
def state(request: HttpRequest) -> HttpResponse:
    """Whether it is paused, how fast it plays, and which moment it has come to."""
    return passed_on(services_of(request).engine.request("replay", action="state"))


@router.post("/", summary="Pause, resume, step or speed a replay")
def control(request: HttpRequest, control: Control) -> HttpResponse:
    """Everybody sees the same recording, so a viewer may not move it."""
    require_role(request, Role.TRADER, Role.OWNER)
    engine = services_of(request).engine
    return passed_on(engine.request("replay", action=control.action, value=control.value))
