"""A lake with two months of bars, people, and the folder of strategies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from candlewick.research.loading import FOLDER
from candlewick.store.models import Role, User
from candlewick.web.services import Services
from tests.web.conftest import Browser, Person
from tests.web.research import ground


@pytest.fixture(autouse=True)
def _lake(services: Services, tmp_path: Path) -> Iterator[None]:
    services.market_dir = tmp_path
    ground.put_bars(services.lake, ground.PERP, ground.SPOT)
    yield
    services.close()


@pytest.fixture
def ann(person: Person) -> User:
    return person(Role.TRADER)


@pytest.fixture
def bob(person: Person) -> User:
    return person(Role.TRADER)


@pytest.fixture
def client(browser: Browser, ann: User) -> Client:
    """Ann's browser."""
    return browser(ann)


@pytest.fixture
def own_strategies() -> Iterator[Path]:
    """The folder of people's own strategies, empty before and after."""
    folder = Path(settings.DATA_DIR) / FOLDER
    folder.mkdir(exist_ok=True)
    yield folder
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
