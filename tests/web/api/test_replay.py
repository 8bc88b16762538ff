"""`/api/replay/`: who moves a recording, and how."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from django.test import Client

from candlewick.store.models import Role
from tests.web.api.ground import problem
from tests.web.conftest import Browser, Person

pytestmark = pytest.mark.usefixtures("engine_knows")


@pytest.mark.parametrize(("role", "status"), [(Role.VIEWER, 403), (Role.TRADER, 200), (Role.OWNER, 200)])
def test_a_viewer_does_not_move_the_recording(
    browser: Browser, person: Person, role: Role, status: int
) -> None:
    client = browser(person(role))
    answer = client.post("/api/replay/", {"action": "speed", "value": 10}, content_type="application/json")
    assert answer.status_code == status


@pytest.mark.parametrize("role", list(Role))
def test_everybody_may_know_how_a_replay_stands(browser: Browser, person: Person, role: Role) -> None:
    answer = browser(person(role)).get("/api/replay/")

    assert orjson.loads(answer.content) == {"action": "state", "value": None}


@pytest.mark.parametrize(
    "body", [{"action": "dance"}, {"action": "speed", "value": 0}, {"action": "speed", "value": 1e9}]
)
def test_a_replay_takes_only_what_it_knows(client: Client, body: dict[str, Any]) -> None:
    problem(client.post("/api/replay/", body, content_type="application/json"), 422)
