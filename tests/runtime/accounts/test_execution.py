"""What the heart decides: on disk first, then sent and told, in this order."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from candlewick.core.clock import NS_PER_S
from candlewick.core.errors import Conflict, EngineAway, OrderRefused, StoreError
from candlewick.core.reports import VenueBalance, VenueState
from candlewick.store.journal.curves import DAY_NS, HOUR_NS
from candlewick.store.journal.journal import Journal
from candlewick.trading.entries import OrderPlaced
from tests.runtime.accounts.ground import ACCOUNT, FileVenue, House
from tests.runtime.ground import until


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    made = House(tmp_path, FileVenue(tmp_path / "venue"))
    await made.open()
    try:
        yield made
    finally:
        await made.close()


def venue_of(house: House) -> FileVenue:
    venue = house.accounts.venue_of(ACCOUNT)
    assert isinstance(venue, FileVenue)
    return venue


def journalled(house: House) -> list[str]:
    _, entries = house.journal.recover(use_snapshot=False)
    return [entry.order.id for _, entry in entries if isinstance(entry, OrderPlaced)]


async def test_an_order_is_in_the_journal_before_the_venue_sees_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []
    place = FileVenue.place

    def spying(venue: FileVenue, order: object) -> None:
        seen.append(order.id in journalled(house))  # type: ignore[attr-defined]
        place(venue, order)  # type: ignore[arg-type]

    monkeypatch.setattr(FileVenue, "place", spying)
    await house.execution.do(house.place("a"))
    assert seen == [True]


async def test_fills_come_back_into_the_ledger_and_are_told(house: House) -> None:
    await house.execution.do(house.place("a"))
    await house.execution.settled()
    assert house.state.position("sim:BTCUSDT") == 1
    assert house.state.book.balances["USDT"] == Decimal(100_000) - Decimal("100.05") - Decimal("0.10005")
    news = [message["type"] for name, _, message in house.told if name == f"orders@{ACCOUNT}"]
    assert news == ["order_placed", "order_accepted", "order_partly_filled", "order_filled"]


async def test_numbers_of_a_lane_have_no_gap(house: House) -> None:
    for id in ("a", "b", "c"):
        await house.execution.do(house.place(id))
    await house.execution.settled()
    for channel in ("orders", "positions", "portfolio"):
        seqs = [seq for name, seq, _ in house.told if name == f"{channel}@{ACCOUNT}"]
        assert seqs == list(range(seqs[0], seqs[0] + len(seqs))), channel


async def test_what_is_refused_is_nowhere_but_in_the_audit(house: House) -> None:
    before = house.journal.last_seq
    with pytest.raises(OrderRefused) as refusal:
        await house.execution.do(house.place("a", quantity=Decimal(100_000)), "10.0.0.7")
    await house.execution.settled()
    assert refusal.value.code == "max_order_notional"
    assert house.journal.last_seq == before
    assert venue_of(house).placed == {}
    rows = sqlite3.connect(house.journal._database.name).execute(
        "SELECT actor, action, origin, after FROM ledger_audit ORDER BY seq DESC LIMIT 1"
    )
    [(actor, action, origin, after)] = rows
    assert (actor, action, origin) == ("ann", "order.place refused", "10.0.0.7")
    assert "max_order_notional" in after


async def test_the_same_key_makes_one_order_and_other_terms_are_a_conflict(house: House) -> None:
    await house.execution.do(house.place("a", key="k"))
    await house.execution.do(house.place("b", key="k"))
    await house.execution.settled()
    assert list(venue_of(house).placed) == ["a"]
    with pytest.raises(Conflict):
        await house.execution.do(house.place("c", key="k", quantity=Decimal(2)))


async def test_while_the_disk_cannot_be_written_nothing_is_sent_and_new_orders_are_refused(
    house: House, tmp_path: Path
) -> None:
    other = sqlite3.connect(tmp_path / "ledger.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        house.live.obey(house.place("a"))
        await until(lambda: house.execution._writer.trouble)
        assert venue_of(house).placed == {}
        assert not [name for name, _, _ in house.told if name == f"orders@{ACCOUNT}"]
        with pytest.raises(EngineAway, match="written"):
            await house.execution.do(house.place("b"))
    finally:
        other.execute("ROLLBACK")
        other.close()
    await house.execution.settled()
    await until(lambda: house.state.position("sim:BTCUSDT") == 1)
    assert list(venue_of(house).placed) == ["a"]


@pytest.mark.parametrize(("waited_s", "sent"), [(10, ["a"]), (3600, [])])
async def test_an_order_that_waited_too_long_for_the_disk_is_ended_rather_than_sent(
    house: House, tmp_path: Path, waited_s: int, sent: list[str]
) -> None:
    other = sqlite3.connect(tmp_path / "ledger.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        house.live.obey(house.place("a"))
        await until(lambda: house.execution._writer.trouble)
        house.clock.advance(waited_s)
    finally:
        other.execute("ROLLBACK")
        other.close()
    await house.execution.settled()
    await until(lambda: not house.state.orders)
    assert list(venue_of(house).placed) == sent
    assert house.state.recent["a"].status == ("FILLED" if sent else "REJECTED")


async def test_while_the_disk_cannot_be_written_nobody_waits_for_what_cannot_be_shown(
    house: House, tmp_path: Path
) -> None:
    look = house.accounts.requests.verbs["account.portfolio"]
    other = sqlite3.connect(tmp_path / "ledger.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        house.live.obey(house.place("a"))
        await until(lambda: house.execution._writer.trouble)
        with pytest.raises(EngineAway, match="written"):
            await look(account=ACCOUNT)
    finally:
        other.execute("ROLLBACK")
        other.close()
    await house.execution.settled()
    assert b'"positions":1' in (await look(account=ACCOUNT)).replace(b" ", b"")


async def test_old_samples_of_every_account_are_thinned(house: House) -> None:
    minute, now = 60 * NS_PER_S, house.clock.now_ns()
    long_ago = (now - 30 * DAY_NS) // HOUR_NS * HOUR_NS
    for number in range(3):
        house.execution.sample_equity(long_ago + number * minute)
    await house.execution.thin_curves(now)
    rows = sqlite3.connect(house.journal.name).execute(
        "SELECT ts FROM ledger_equity WHERE ts < ?", (now - DAY_NS,)
    )
    assert rows.fetchall() == [(long_ago + 2 * minute,)]


async def test_a_restart_finds_everything_as_it_was(tmp_path: Path) -> None:
    first = House(tmp_path, FileVenue(tmp_path / "venue"))
    await first.open()
    await first.execution.do(first.place("a"))
    await first.execution.do(first.place("b", order_type="limit", limit_price=Decimal(99), key="k"))
    await first.execution.settled()
    before, seqs = first.engine.desk.snapshot(), first.accounts.lanes.last_seqs()
    await first.close()

    again = House(tmp_path, FileVenue(tmp_path / "venue"))
    try:
        assert again.engine.desk.snapshot() == before
        assert again.accounts.lanes.last_seqs() == seqs
        await again.execution.do(again.place("c", order_type="limit", limit_price=Decimal(99), key="k"))
        assert "c" not in venue_of(again).placed
    finally:
        await again.close()


async def test_a_second_engine_is_kept_from_the_same_journal(house: House, tmp_path: Path) -> None:
    from candlewick.core.errors import StoreLocked

    with pytest.raises(StoreLocked):
        Journal.open(tmp_path / "ledger.sqlite3")


async def test_a_heart_that_stops_half_way_makes_the_engine_begin_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(event: object) -> None:
        raise RuntimeError("memory and journal differ")

    monkeypatch.setattr(house.engine.desk, "handle", broken)
    with pytest.raises(RuntimeError):
        await house.execution.do(house.place("a"))
    with pytest.raises(ExceptionGroup) as ended:
        await house.accounts.run()
    assert ended.value.subgroup(StoreError)


async def test_the_prices_of_coins_that_a_venue_has_of_an_account_are_followed(tmp_path: Path) -> None:
    class Rich(FileVenue):
        async def state(self, account: int, working: object) -> VenueState:
            plain = await super().state(account, ())
            coins = (VenueBalance("BTC", free=Decimal(2), locked=Decimal(0)),)
            return msgspec.structs.replace(plain, balances=coins)

    house = House(tmp_path, Rich(tmp_path / "venue"))
    followed: list[str] = []
    house.accounts._follow = followed.append
    await house.accounts.requests.verbs["account.open"](
        account=ACCOUNT, name="Real", currency="USDT", cash="0", actor="ann", kind="live", venue="sim"
    )
    await until(lambda: "sim:BTCUSDT" in followed)
    assert house.state.book.balances["BTC"] == 2
    assert house.engine.desk.valuation(ACCOUNT).total_value == 2 * Decimal("100.05")
    await house.close()


async def test_a_booking_shows_in_the_accounts_curve(house: House) -> None:
    await house.execution.do(house.place("a"))
    await house.execution.settled()
    await until(lambda: house.records.equity(ACCOUNT))
    [point] = house.records.equity(ACCOUNT)
    assert point.equity == house.engine.desk.valuation(ACCOUNT).total_value
