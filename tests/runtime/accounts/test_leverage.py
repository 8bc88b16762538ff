"""Leverage of a live account: who asks for it hears what the venue says, and nothing before."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from candlewick.core.account import MarginMode
from candlewick.core.errors import Conflict, UsageError, VenueUnavailable
from candlewick.core.reports import LeverageRefused, LeverageTaken
from candlewick.runtime.accounts.leverage import Leverage
from candlewick.trading import commands
from tests.runtime.accounts.ground import ACCOUNT, FileVenue, House
from tests.runtime.ground import INSTRUMENT, until

PERP = msgspec.structs.replace(INSTRUMENT, id="sim:BTCUSDT-PERP", symbol="BTCUSDT-PERP", kind="perp")


class AskedVenue(FileVenue):
    """It notes what it is asked for, and a test answers."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.asked: list[Decimal] = []

    def set_leverage(self, account: int, instrument: str, leverage: Decimal, mode: MarginMode) -> None:
        self.asked.append(leverage)

    def takes(self, leverage: str) -> None:
        self._say(LeverageTaken(ACCOUNT, PERP.id, Decimal(leverage), "cross", 1))

    def refuses(self, code: str, reason: str) -> None:
        self._say(LeverageRefused(ACCOUNT, PERP.id, code, reason, 1))


@pytest.fixture
def venue(tmp_path: Path) -> AskedVenue:
    return AskedVenue(tmp_path / "venue")


@pytest.fixture
async def house(tmp_path: Path, venue: AskedVenue) -> AsyncIterator[House]:
    made = House(tmp_path, venue)
    made.live.list_instruments([INSTRUMENT, PERP])
    await made.accounts.requests.verbs["account.open"](
        account=ACCOUNT, name="Real", currency="USDT", cash="0", actor="ann", kind="live", venue="sim"
    )
    yield made
    await made.close()


def asks(house: House, leverage: str) -> asyncio.Task[bytes]:
    verb: Callable[..., Any] = house.accounts.requests.verbs["account.leverage"]
    return asyncio.create_task(
        verb(account=ACCOUNT, symbol="BTCUSDT-PERP", leverage=leverage, margin_mode="cross", actor="ann")
    )


async def test_it_is_answered_once_the_venue_has_taken_it(house: House, venue: AskedVenue) -> None:
    asked = asks(house, "7")
    await until(lambda: venue.asked)
    assert not asked.done()
    assert house.state.book.leverage_of(PERP.id)[0] == 5
    venue.takes("7")
    await asked
    assert house.state.book.leverage_of(PERP.id)[0] == 7


async def test_it_is_answered_too_where_the_venue_had_it_so(house: House, venue: AskedVenue) -> None:
    asked = asks(house, "5")
    await until(lambda: venue.asked)
    venue.takes("5")
    await asked


@pytest.mark.parametrize(("code", "error"), [("max_leverage", Conflict), ("lost", VenueUnavailable)])
async def test_what_the_venue_refuses_is_an_error_with_its_reason(
    house: House, venue: AskedVenue, code: str, error: type[Exception]
) -> None:
    asked = asks(house, "7")
    await until(lambda: venue.asked)
    venue.refuses(code, "No more than 5.")
    with pytest.raises(error, match="No more than 5"):
        await asked
    assert house.state.book.leverage_of(PERP.id)[0] == 5


async def test_two_who_ask_hear_each_their_own_answer(house: House, venue: AskedVenue) -> None:
    first, second = asks(house, "7"), asks(house, "9")
    await until(lambda: len(venue.asked) == 2)
    venue.refuses("max_leverage", "No.")
    venue.takes("9")
    await second
    with pytest.raises(Conflict):
        await first


async def test_what_the_heart_refuses_waits_for_nobody(house: House, venue: AskedVenue) -> None:
    with pytest.raises(UsageError, match="200"):
        await asks(house, "300")
    asked = asks(house, "7")
    await until(lambda: venue.asked)
    venue.takes("7")
    await asked


async def test_a_venue_that_does_not_answer_in_time_is_told_as_that(house: House) -> None:
    leverage = Leverage(house.execution.do, house.execution.settled, lambda account: True, within_s=0.01)
    command = commands.SetLeverage(
        account=ACCOUNT, instrument=PERP.id, leverage=Decimal(7), margin_mode="cross", actor="ann", ts=1
    )
    with pytest.raises(VenueUnavailable, match="has not answered yet"):
        await leverage.set(command)
