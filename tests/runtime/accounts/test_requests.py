"""What people may ask of accounts: sizes in other units, and accounts that do not come to be."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from candlewick.core.errors import Conflict, EngineAway, UsageError
from candlewick.core.events import Quote
from candlewick.core.instrument import Instrument
from candlewick.trading import account
from tests.runtime.accounts.ground import ACCOUNT, FileVenue, House

ETHBTC = Instrument(
    id="sim:ETHBTC", venue="sim", symbol="ETHBTC", native="ETHBTC", kind="spot", base="ETH", quote="BTC",
    settle="BTC", tick=Decimal("0.00001"), lot=Decimal("0.001"),
)  # fmt: skip


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    made = House(tmp_path, FileVenue(tmp_path / "venue.jsonl"))
    await made.open()
    yield made
    await made.close()


async def preview(house: House, **request: Any) -> dict[str, Any]:
    asked = {"side": "buy", "order_type": "market", **request}
    answer: dict[str, Any] = msgspec.json.decode(
        await house.accounts.requests.verbs["order.preview"](account=ACCOUNT, **asked)
    )
    return answer


async def test_a_part_of_equity_is_counted_in_the_currency_that_the_market_is_quoted_in(house: House) -> None:
    house.live.list_instruments([ETHBTC])
    now = house.clock.now_ns()
    house.live.take(Quote(ETHBTC.id, 0.05, 5.0, 0.05, 5.0, None, now, now))
    by_coin = await preview(house, symbol="ETHBTC", equity_pct="1")
    # 1,000 USDT of 100,000; a BTC is 100.05 USDT, an ETH 0.05 BTC: 199.9 ETH
    assert by_coin["quantity"] == 199.900
    by_dollar = await preview(house, symbol="BTCUSDT", equity_pct="1")
    assert by_dollar["quantity"] == 9.995


async def test_a_part_of_equity_is_refused_where_nobody_knows_what_it_is_worth(house: House) -> None:
    house.live.list_instruments(
        [msgspec.structs.replace(ETHBTC, id="sim:ETHXYZ", symbol="ETHXYZ", quote="XYZ", settle="XYZ")]
    )
    answer = await preview(house, symbol="ETHXYZ", equity_pct="1", limit_price="2", order_type="limit")
    assert answer["ok"] is False
    assert answer["refusal"]["code"] == "no_equity"


async def test_an_account_that_cannot_be_written_down_leaves_nothing_to_be_followed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(house.execution._writer, "trouble", "The disk is full.")
    with pytest.raises(EngineAway, match="The disk is full"):
        await house.accounts.requests.verbs["account.open"](
            account=13, name="Second", currency="USDT", cash="5", actor="ann"
        )
    assert all(name.endswith(f"@{ACCOUNT}") for name in house.accounts.lanes.channels())


async def test_it_names_every_order_that_was_cancelled_when_more_end_than_the_heart_keeps(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account, "RECENT_ORDERS", 1)
    verbs = house.accounts.requests.verbs
    sent = {"symbol": "BTCUSDT", "side": "buy", "order_type": "limit", "quantity": "1", "actor": "ann"}
    for price in ("99.1", "99.2", "99.3"):
        await verbs["order.place"](account=ACCOUNT, limit_price=price, **sent)
    answer = msgspec.json.decode(await verbs["order.cancel_all"](account=ACCOUNT, actor="ann"))
    assert [(each["limit_price"], each["status"]) for each in answer] == [
        (99.1, "CANCELLED"),
        (99.2, "CANCELLED"),
        (99.3, "CANCELLED"),
    ]


@pytest.mark.parametrize("size", [{"quantity": "0"}, {"quantity": "-1"}, {"notional": "0.001"}])
async def test_a_preview_of_what_is_no_size_says_so(house: House, size: dict[str, str]) -> None:
    answer = await preview(house, symbol="BTCUSDT", **size)
    assert answer["ok"] is False
    assert answer["refusal"]["field"] == "quantity"


async def test_a_reason_that_a_database_cannot_keep_never_comes_to_the_journal(house: House) -> None:
    verbs = house.accounts.requests.verbs
    for verb, given in (("risk.state", {"state": "REDUCING"}), ("risk.kill", {"flatten": False})):
        with pytest.raises(UsageError, match=r"^reason: "):
            await verbs[verb](account=ACCOUNT, actor="ann", reason="a\0b", **given)
    assert house.engine.desk.accounts[ACCOUNT].state == "ACTIVE"


async def test_a_key_stands_for_one_order_though_its_notional_is_another_quantity_by_now(
    house: House,
) -> None:
    place = house.accounts.requests.verbs["order.place"]
    asked = {"symbol": "BTCUSDT", "order_type": "market", "notional": "1000", "actor": "ann", "key": "once"}
    first = msgspec.json.decode(await place(account=ACCOUNT, side="buy", **asked))
    house.book(50.0, 50.1)
    again = msgspec.json.decode(await place(account=ACCOUNT, side="buy", **asked))
    assert (again["id"], again["quantity"]) == (first["id"], first["quantity"])
    with pytest.raises(Conflict, match="Use a new key"):
        await place(account=ACCOUNT, side="sell", **asked)
