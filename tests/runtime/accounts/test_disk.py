"""A ledger that cannot be written: told on every page, in the system's lane and to whoever looks after us."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from candlewick.core.errors import EngineAway
from tests.runtime.accounts.ground import ACCOUNT, FileVenue, House
from tests.runtime.ground import until

SHOWN = f"figures:alerts@{ACCOUNT}"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    made = House(tmp_path, FileVenue(tmp_path / "venue"))
    await made.open()
    yield made
    await made.close()


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Another program writes the ledger's file, and takes its time."""
    other = sqlite3.connect(folder / "ledger.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


def shown(house: House) -> list[Any]:
    """What pages were sent beside their lanes, oldest first."""
    pairs = zip(house.frames[::2], house.frames[1::2], strict=True)
    return [msgspec.json.decode(body) for channel, body in pairs if channel.decode() == SHOWN]


def system(house: House) -> list[str]:
    told: list[bytes] = []
    house.system_lanes.snapshot("alerts", lambda seq, message: told.append(message))
    return [each["title"] for each in msgspec.json.decode(told[0])["data"]]


async def test_a_ledger_that_cannot_be_written_is_told_to_pages_and_probes_until_it_can(
    house: House, tmp_path: Path
) -> None:
    house.accounts.figures.demand([SHOWN], [SHOWN])
    assert await house.accounts.disk.readiness() == {"missing": [], "reason": None}
    with locked(tmp_path):
        house.live.obey(house.place("a"))
        await until(lambda: shown(house))
        told = await house.accounts.disk.readiness()
        assert told["missing"] == ["ledger"]
        assert "lock" in told["reason"]
        assert str(tmp_path) not in told["reason"], "where files lie is for the log"
        with pytest.raises(EngineAway, match="written down now: another") as away:
            await house.execution.do(house.place("b"))
        assert str(tmp_path) not in str(away.value)
        notice = shown(house)[0]
        assert (notice["type"], notice["channel"], notice["account"]) == ("alert", "alerts", ACCOUNT)
        assert "seq" not in notice, "what has a number is on disk"
        assert notice["data"]["severity"] == "CRITICAL"
        assert "Orders are refused" in notice["data"]["message"]
        await until(lambda: system(house) == ["The ledger cannot be written"])
    await until(lambda: not house.accounts.disk.trouble)
    await house.execution.settled()
    assert await house.accounts.disk.readiness() == {"missing": [], "reason": None}
    assert shown(house)[-1] is None, "a page that opens now hears nothing of it"
    news = [m["data"]["title"] for name, _, m in house.told if name == f"alerts@{ACCOUNT}"]
    assert news == ["The ledger is written again"]
    await until(lambda: system(house) == ["The ledger cannot be written", "The ledger is written again"])


async def test_a_page_that_opens_while_the_ledger_cannot_be_written_is_told(
    house: House, tmp_path: Path
) -> None:
    with locked(tmp_path):
        house.live.obey(house.place("a"))
        await until(lambda: house.accounts.disk.trouble)
        assert shown(house) == []
        house.accounts.figures.demand([SHOWN], [SHOWN])
        assert [each["data"]["title"] for each in shown(house)] == ["The ledger cannot be written"]
    await house.execution.settled()
