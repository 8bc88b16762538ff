"""Django on a folder of its own, a person with a paper account, and an engine with strategies."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.web import ground as web

web.stand_up()  # models cannot be imported before Django is set up

from django.db import connections  # noqa: E402

from candlewick.store.models import Account, Role, StrategyAtWork, User  # noqa: E402
from tests.runtime.accounts.ground import ACCOUNT  # noqa: E402
from tests.runtime.strategies.ground import Floor  # noqa: E402


@pytest.fixture(autouse=True)
def _rows(django_db_blocker: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    # Django forbids its ORM on a thread with a running loop; the tests' loop waits meanwhile, as it may
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with django_db_blocker.unblock():
        yield
        StrategyAtWork.objects.all().delete()
        Account.objects.all().delete()
        User.objects.all().delete()
        connections.close_all()


@pytest.fixture
def account() -> Account:
    user = User.objects.create(username=web.unique("ann"), role=Role.TRADER)
    return Account.objects.create(pk=ACCOUNT, user=user, name="Paper")


@pytest.fixture
async def floor(account: Account, tmp_path: Path) -> AsyncIterator[Floor]:
    made = Floor(account, tmp_path)
    await made.open()
    yield made
    await made.close()
