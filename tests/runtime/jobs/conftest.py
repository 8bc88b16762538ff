"""Django on a folder of its own, for the desk; the queue and the workers stand on the same database."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.web import ground

ground.stand_up()  # models cannot be imported before Django is set up

from django.db import connections  # noqa: E402

from candlewick.runtime.jobs import registry  # noqa: E402
from candlewick.runtime.jobs.queue import Queue  # noqa: E402
from candlewick.store.models import Role, User  # noqa: E402
from candlewick.web.boot import settings_in_force  # noqa: E402
from tests.runtime.jobs.studies import KINDS  # noqa: E402


@pytest.fixture(autouse=True)
def _rows(django_db_blocker: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for kind, target in KINDS.items():
        monkeypatch.setitem(registry.KINDS, kind, target)
    with django_db_blocker.unblock():
        yield
        User.objects.all().delete()
        connections.close_all()


@pytest.fixture
def ann() -> User:
    return User.objects.create(username=ground.unique("ann"), role=Role.TRADER)


@pytest.fixture
def bob() -> User:
    return User.objects.create(username=ground.unique("bob"), role=Role.TRADER)


@pytest.fixture
def queue() -> Iterator[Queue]:
    made = Queue(settings_in_force().rows)
    yield made
    made.close()
