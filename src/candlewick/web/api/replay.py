"""`/api/replay/`: the controls of a replayed recording."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema
from pydantic import Field

from candlewick.core.errors import Conflict, UsageError
from candlewick.store.models import Role
from candlewick.web.api.access import require_role
from candlewick.web.api.market_schemas import Replay
from candlewick.web.api.paging import passed_on
from candlewick.web.api.schemas import Problem
from candlewick.web.services import services_of

router = Router(tags=["replay"])


class Control(Schema):
    """What to do. `value` is the speed: 1 is as it was recorded."""

    action: Literal["pause", "resume", "step", "speed"]
    value: Annotated[float, Field(gt=0, le=10_000, strict=True)] | None = None


@router.get("/", response={200: Replay, 409: Problem}, summary="How a replay stands")
def state(request: HttpRequest) -> HttpResponse:
    """Whether it is paused, how fast it plays, and which moment it has come to."""
    return _asked(request, action="state")


@router.post("/", response={200: Replay, 409: Problem}, summary="Pause, resume, step or speed a replay")
def control(request: HttpRequest, control: Control) -> HttpResponse:
    """Everybody sees the same recording, so a viewer may not move it."""
    require_role(request, Role.TRADER, Role.OWNER)
    return _asked(request, action=control.action, value=control.value)


def _asked(request: HttpRequest, **arguments: Any) -> HttpResponse:
    engine = services_of(request).engine
    try:
        return passed_on(engine.request("replay", **arguments))
    except UsageError:
        if engine.link.mode == "replay":
            raise
        raise Conflict("Nothing is replayed here: this terminal shows markets as they are now.") from None
