"""Funding that fell due while no engine ran: charged as the venue settled it, once, or told."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from candlewick.core.clock import NS_PER_S
from candlewick.core.errors import VenueUnavailable
from candlewick.core.events import Funding, Quote
from candlewick.core.instrument import Instrument
from candlewick.core.reports import Fill
from candlewick.runtime.accounts import arrears
from tests.runtime.accounts.ground import ACCOUNT, House
from tests.runtime.ground import INSTRUMENT, MINUTE, until

HOUR = 3600
PERP = Instrument(
    id="sim:BTCUSDT-PERP", venue="sim", symbol="BTCUSDT-PERP", native="BTCUSDT", kind="perp", base="BTC",
    quote="USDT", settle="USDT", tick=Decimal("0.1"), lot=Decimal("0.001"),
)  # fmt: skip
FIRST = (MINUTE // (8 * HOUR) + 1) * 8 * HOUR


def rate(at_s: int, rate: float, mark: float | None = 100.0) -> Funding:
    """As a venue tells it, some milliseconds after its hour."""
    return Funding(PERP.id, rate, mark, at_s * NS_PER_S + 3_000_000, 0)


class Venue:
    """What the feed tells of funding, and how often it was asked."""

    def __init__(self, rates: list[Funding], silent: int = 0) -> None:
        self.rates = rates
        self.silent = silent
        self.asked: list[tuple[str, int, int]] = []

    async def funding(self, instrument: str, start_s: int, end_s: int) -> list[Funding]:
        self.asked.append((instrument, start_s, end_s))
        if len(self.asked) <= self.silent:
            raise VenueUnavailable("Sim does not answer.")
        return [each for each in self.rates if start_s <= each.ts_exchange // NS_PER_S < end_s]


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """A ledger whose account holds two perpetuals, and whose engine was stopped."""
    first = House(tmp_path)
    first.live.list_instruments([INSTRUMENT, PERP])
    await first.open()
    now = first.clock.now_ns()
    fill = Fill(
        account=ACCOUNT, id="f1", order_id="o1", instrument=PERP.id, side="buy", price=Decimal(100),
        quantity=Decimal(2), fee=Decimal(0), fee_currency="USDT", liquidity="taker", ts=now,
    )  # fmt: skip
    await first.accounts.requests.verbs["account.import"](
        account=ACCOUNT, fills=[msgspec.to_builtins(fill)], instruments=[], actor="ann"
    )
    first.live.take(Quote(PERP.id, 100.0, 1.0, 100.1, 1.0, None, now, now))
    first.execution.sample_equity(now)
    await first.execution.settled()
    await first.close()
    return tmp_path


def restarted(folder: Path, venue: Venue, monkeypatch: pytest.MonkeyPatch, *, after_s: int) -> House:
    """The engine of a later time on the same ledger, whose venue has said what it lists."""
    house = House(folder)
    house.clock.advance(after_s)
    monkeypatch.setattr(house.live.feeds["sim"], "funding", venue.funding)
    house.accounts.begin()
    house.live.list_instruments([INSTRUMENT, PERP])
    house.accounts.follow_held()
    return house


def told(house: House) -> list[Any]:
    return [m["data"] for name, _, m in house.told if name == f"alerts@{ACCOUNT}"]


async def test_what_was_settled_meanwhile_is_charged_as_the_venue_tells_it_and_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rate(MINUTE - HOUR, 0.5)
    late = rate(FIRST + 3 * 8 * HOUR, 0.5)
    venue = Venue([before, rate(FIRST, 0.001), rate(FIRST + 8 * HOUR, -0.0005, 110.0), late])
    charged = [("INFO", "2 settlements")]
    for news in (charged, []):
        house = restarted(folder, venue, monkeypatch, after_s=FIRST - MINUTE + 9 * HOUR)
        await until(lambda house=house, news=news: len(told(house)) == len(news) and not house.live._tasks)
        assert [(each["severity"], each["message"][14:27]) for each in told(house)] == news
        booked = house.records.transactions(ACCOUNT).items
        paid = [each for each in booked if each.kind == "funding"]
        assert {each.ts for each in paid} == {FIRST * NS_PER_S, (FIRST + 8 * HOUR) * NS_PER_S}
        assert house.state.book.positions[PERP.id].funding == Decimal("-0.2") + Decimal("0.11")
        await house.close()
    assert len(venue.asked) == 2


async def test_nothing_is_invented_where_the_venue_tells_no_mark_or_no_settlement(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for rates, word in (
        ([rate(FIRST, 0.001, None)], "does not tell the mark"),
        ([], "tells of no settlement"),
    ):
        house = restarted(folder, Venue(rates), monkeypatch, after_s=FIRST - MINUTE + HOUR)
        await until(lambda house=house: told(house))
        assert word in told(house)[0]["message"]
        assert house.state.book.positions[PERP.id].funding == 0
        await house.close()


async def test_a_venue_that_does_not_answer_is_asked_again_and_the_account_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrears, "ASK_AGAIN_S", 0.0)
    venue = Venue([rate(FIRST, 0.001)], silent=arrears.TOLD_AFTER)
    house = restarted(folder, venue, monkeypatch, after_s=FIRST - MINUTE + HOUR)
    await until(lambda: len(told(house)) == 2)
    assert [each["severity"] for each in told(house)] == ["WARNING", "INFO"]
    assert house.state.book.positions[PERP.id].funding == Decimal("-0.2")
    await house.close()


async def test_an_account_that_no_engine_ever_looked_after_owes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    venue = Venue([rate(FIRST, 0.001)])
    house = House(tmp_path)
    await house.open()
    await house.close()
    again = restarted(tmp_path, venue, monkeypatch, after_s=FIRST - MINUTE + HOUR)
    assert venue.asked == []
    await again.close()
