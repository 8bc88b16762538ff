"""A ledger of the test's own, and a person with an account in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from candlewick.store.journal.batch import Batch
from candlewick.store.models import Role, User
from candlewick.web.services import Services
from tests.web.conftest import Person
from tests.web.ground import FakeLink
from tests.web.performance import ground

Write = Callable[..., None]


@pytest.fixture
def write(services: Services, link: FakeLink, tmp_path: Path) -> Iterator[Write]:
    """Writes batches into the ledger; the engine knows no more bars than the lake."""
    services.ledger = tmp_path / "ledger.sqlite3"
    services.market_dir = tmp_path / "market"
    link.answers["history"] = lambda symbol, **_: {"instrument": symbol, "tail": [], "fault": None}

    def commit(*batches: Batch) -> None:
        with ground.journal_at(tmp_path / "ledger.sqlite3") as journal:
            journal.commit(list(batches))

    yield commit
    services.close()


@pytest.fixture
def ann(person: Person) -> User:
    return person(Role.TRADER)


@pytest.fixture
def account(ann: User) -> int:
    number: int = ann.accounts.get().pk
    return number
