"""A live account at the simulated exchange: switched on, traded over REST, and traded at the venue too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import ccxt
import pytest
import requests

from tests.e2e.conftest import Up
from tests.e2e.program import Program, command, exact, generous, token_of, until
from tests.e2e.test_strategies_at_work import FLIP

ACCOUNT: Final = "Real"
SWITCH: Final = '[accounts.Real]\nlive = {live}\nvenue = "sim"\nkey = "main"\n'
AT_WORK: Final = "/api/dashboard/strategies/"
SPOT: Final = "BTC/USDT"
PERP: Final = "BTCUSDT-PERP"


class Exchange:
    """The simulated exchange, as anybody with a key of their own reaches it."""

    def __init__(self, up: Up) -> None:
        self.url = f"http://127.0.0.1:{up.environment['CANDLEWICK_SIM__PORT']}"

    def key(self, account: str, **money: dict[str, str]) -> dict[str, str]:
        answer = requests.post(f"{self.url}/sim/keys", json={"account": account, **money}, timeout=60)
        assert answer.status_code == 200, answer.text
        made: dict[str, str] = answer.json()
        return made

    def client(self, key: dict[str, str]) -> Any:
        spot, futures = f"{self.url}/api/v3", f"{self.url}/fapi"
        addresses = {
            "public": spot,
            "private": spot,
            "fapiPublic": f"{futures}/v1",
            "fapiPublicV2": f"{futures}/v2",
            "fapiPrivate": f"{futures}/v1",
            "fapiPrivateV2": f"{futures}/v2",
            "fapiPrivateV3": f"{futures}/v3",
            "fapiData": f"{self.url}/futures/data",
            "dapiPublic": f"{self.url}/dapi/v1",
        }
        options = {"fetchCurrencies": False, "fetchMargins": False, "recvWindow": 60_000}
        return ccxt.binance(
            {
                "urls": {"api": addresses},
                "apiKey": key["apiKey"],
                "secret": key["secret"],
                "options": options,
                "timeout": 60_000,
            }
        )


class Desk:
    """The live account from three sides: over REST, its owner at the venue, and somebody else there."""

    def __init__(self, up: Up, data_dir: Path) -> None:
        self.up = up
        exchange = Exchange(up)
        key = exchange.key("alice", spot={"USDT": "100000", "BTC": "1"}, futures={"USDT": "100000"})
        other = exchange.key("bob", spot={"USDT": "1000", "BTC": "50000"}, futures={"USDT": "1000"})
        self.venue, self.stranger = exchange.client(key), exchange.client(other)
        command(data_dir, "account", "go-live", ACCOUNT, "--venue", "sim", given=f"{ACCOUNT}\n")
        secrets = f"{key['apiKey']}\n{key['secret']}\n"
        command(data_dir, "key", "add", "sim", "--label", "main", "--account", ACCOUNT, given=secrets)
        self.program = Program(up, token_of(data_dir, "owner", "read", "write", "trade", "risk"))

    def place(self, **order: Any) -> dict[str, Any]:
        return self.program.place(account=ACCOUNT, **order)

    def order(self, id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.program.get(f"/api/orders/{id}/?account={ACCOUNT}")
        return found

    def becomes(self, id: str, status: str) -> dict[str, Any]:
        """The order, once it has a status."""
        until(lambda: self.order(id)["status"] == status)
        return self.order(id)

    def working(self) -> dict[str, dict[str, Any]]:
        items = self.program.get(f"/api/orders/?account={ACCOUNT}&status=working")["items"]
        return {each["id"]: each for each in items}

    def fills(self, order_id: str) -> list[dict[str, Any]]:
        items = self.program.get(f"/api/fills/?account={ACCOUNT}&limit=1000")["items"]
        return [each for each in items if each["order_id"] == order_id]

    def balances(self) -> dict[str, Decimal]:
        found = self.program.get(f"/api/dashboard/portfolio/balance/?account={ACCOUNT}")
        return {each["currency"]: Decimal(each["total"]) for each in found}

    def held(self, symbol: str) -> list[Decimal]:
        found = self.program.get(f"/api/dashboard/portfolio/positions/?account={ACCOUNT}")
        return [each["quantity"] for each in found if each["symbol"] == symbol]

    def close(self, symbol: str) -> None:
        """Close a position, and wait until it is gone."""
        closing = self.program.ask("POST", "/api/positions/close/", {"symbol": symbol, "account": ACCOUNT})
        assert closing.status_code == 200, closing.text
        until(lambda: self.held(symbol) == [])

    def alerted(self, word: str) -> dict[str, Any]:
        """The first alert of the account that says `word`: an old one, or one that comes."""
        number = self.program.get(f"/api/dashboard/portfolio/?account={ACCOUNT}")["account"]
        url = f"{self.up.url}/stream/?channels=alerts:{number}"
        headers = {"Authorization": f"Bearer {self.program.token}"}
        with requests.get(url, headers=headers, stream=True, timeout=60) as stream:
            for line in stream.iter_lines():
                message: dict[str, Any] = json.loads(line[6:]) if line.startswith(b"data: ") else {}
                told = message["data"] if message.get("type") in ("alerts_snapshot", "alert") else []
                alerts: list[dict[str, Any]] = told if isinstance(told, list) else [told]
                for alert in alerts:
                    if word in alert["message"]:
                        return alert
        raise AssertionError("the stream ended before it was told")

    def price(self, share: float) -> float:
        """A price on the grid, at a share of the best bid."""
        bid = self.venue.fetch_order_book(SPOT, 5)["bids"][0][0]
        return float(self.venue.price_to_precision(SPOT, bid * share))


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    data_dir = tmp_path_factory.mktemp("live")
    (data_dir / "candlewick.toml").write_text(SWITCH.format(live="true"))
    (data_dir / "strategies").mkdir()
    (data_dir / "strategies" / "flip.py").write_text(FLIP)
    with generous():
        up = Up(data_dir)
    try:
        up.login_link()
        made = Desk(up, data_dir)
        until(lambda: made.program.is_served(ACCOUNT))
        until(lambda: {"USDT", "BTC"} <= made.balances().keys())
        # what its coins are worth has to be known before it may risk anything
        until(lambda: made.program.get(f"/api/risk/?account={ACCOUNT}")["equity"] is not None)
        yield made
        made.program.close()
    finally:
        up.stop()


def test_it_has_what_the_venue_says_it_has(desk: Desk) -> None:
    spot = desk.venue.fetch_balance()["info"]["balances"]
    there = next(Decimal(each["free"]) + Decimal(each["locked"]) for each in spot if each["asset"] == "BTC")
    until(lambda: desk.balances()["BTC"] == there)


def test_a_market_order_is_filled_by_the_venue_and_booked_to_the_trade(desk: Desk) -> None:
    before = desk.balances()
    placed = desk.place(symbol="BTCUSDT", side="buy", quantity=0.01, order_type="market")
    filled = desk.becomes(placed["id"], "FILLED")
    ours = desk.fills(placed["id"])
    theirs = [each for each in desk.venue.fetch_my_trades(SPOT) if each["id"] in {one["id"] for one in ours}]
    assert len(theirs) == len(ours) > 0
    paid = sum(each["price"] * each["quantity"] for each in ours)
    assert filled["filled_quantity"] == sum(each["quantity"] for each in ours) == Decimal("0.01")
    assert paid == sum(Decimal(each["info"]["quoteQty"]) for each in theirs)
    fee = sum(each["fee"] for each in ours)
    assert {each["fee_currency"] for each in ours} == {"BTC"}
    after = desk.balances()
    assert after["USDT"] == before["USDT"] - paid
    assert after["BTC"] == before["BTC"] + Decimal("0.01") - fee
    there = desk.venue.fetch_balance()["info"]["balances"]
    assert after["BTC"] == next(Decimal(each["free"]) for each in there if each["asset"] == "BTC")


def test_a_limit_order_rests_at_the_venue_is_amended_there_and_cancelled_there(desk: Desk) -> None:
    price = desk.price(0.97)
    id = desk.place(symbol="BTCUSDT", side="buy", quantity=0.02, order_type="limit", limit_price=price)["id"]
    desk.becomes(id, "OPEN")
    (there,) = desk.venue.fetch_open_orders(SPOT)
    assert (there["price"], there["amount"]) == (price, 0.02)

    answer = desk.program.ask("PATCH", f"/api/orders/{id}/?account={ACCOUNT}", {"quantity": 0.015})
    assert answer.status_code == 200, answer.text
    until(lambda: desk.order(id)["quantity"] == Decimal("0.015"))
    assert [each["amount"] for each in desk.venue.fetch_open_orders(SPOT)] == [0.015]

    assert desk.program.ask("DELETE", f"/api/orders/{id}/?account={ACCOUNT}").status_code == 200
    desk.becomes(id, "CANCELLED")
    assert desk.venue.fetch_open_orders(SPOT) == []


def test_a_stop_waits_at_the_venue(desk: Desk) -> None:
    price = desk.price(0.97)
    id = desk.place(symbol="BTCUSDT", side="sell", quantity=0.005, order_type="stop", stop_price=price)["id"]
    desk.becomes(id, "OPEN")
    (there,) = desk.venue.fetch_open_orders(SPOT)
    assert there["info"]["type"] == "STOP_LOSS"
    assert float(there["info"]["stopPrice"]) == price
    assert desk.program.ask("DELETE", f"/api/orders/?account={ACCOUNT}").status_code == 200
    desk.becomes(id, "CANCELLED")


def test_a_perpetual_is_bought_and_closed(desk: Desk) -> None:
    id = desk.place(symbol=PERP, side="buy", quantity=0.02, order_type="market")["id"]
    desk.becomes(id, "FILLED")

    assert desk.held(PERP) == [Decimal("0.02")]
    desk.close(PERP)


def test_leverage_is_what_the_venue_takes_and_its_refusal_is_told(desk: Desk) -> None:
    def ask_for(leverage: int) -> requests.Response:
        wanted = {"symbol": PERP, "leverage": leverage, "margin_mode": "isolated", "account": ACCOUNT}
        return desk.program.insist("PUT", "/api/positions/leverage/", wanted)

    def ours() -> Any:
        order = {"symbol": PERP, "side": "buy", "quantity": 0.02, "order_type": "market", "account": ACCOUNT}
        return exact(desk.program.insist("POST", "/api/orders/preview/", order))["leverage"]

    def theirs() -> tuple[str, int]:
        (row,) = desk.venue.fapiPrivateGetSymbolConfig({"symbol": "BTCUSDT"})
        return row["marginType"], int(row["leverage"])

    answer = ask_for(9)
    assert answer.status_code == 200, answer.text
    assert ours() == 9
    assert theirs() == ("ISOLATED", 9)

    desk.becomes(desk.place(symbol=PERP, side="buy", quantity=0.02, order_type="market")["id"], "FILLED")
    held = desk.program.get(f"/api/dashboard/portfolio/positions/?account={ACCOUNT}")
    assert [(each["leverage"], each["margin_mode"]) for each in held if each["symbol"] == PERP] == [
        (9, "isolated")
    ]
    answer = ask_for(5)  # which would take more margin than the isolated position has: it does not do that
    assert answer.status_code == 409, answer.text
    assert "-4161" in answer.json()["detail"]
    assert desk.alerted("-4161")["title"] == "Leverage was not changed"
    assert ours() == 9
    assert theirs() == ("ISOLATED", 9)

    # what is set at the venue by other means holds here too
    desk.venue.fapiPrivatePostLeverage({"symbol": "BTCUSDT", "leverage": 12})
    until(lambda: ours() == 12)
    desk.close(PERP)


def test_an_order_placed_at_the_venue_by_other_means_is_claimed(desk: Desk) -> None:
    there = desk.venue.create_order(SPOT, "limit", "buy", 0.005, desk.price(0.97))

    def claimed() -> list[dict[str, Any]]:
        return [each for each in desk.working().values() if each["origin"] == "external"]

    (order,) = until(claimed)
    assert (order["symbol"], order["side"], order["quantity"]) == ("BTCUSDT", "buy", Decimal("0.005"))
    desk.venue.cancel_order(there["id"], SPOT)
    desk.becomes(order["id"], "CANCELLED")


def test_what_the_venue_filled_while_the_engine_was_dead_is_booked_once(desk: Desk) -> None:
    price = desk.price(0.998)
    id = desk.place(symbol="BTCUSDT", side="buy", quantity=0.03, order_type="limit", limit_price=price)["id"]
    desk.becomes(id, "OPEN")
    before = desk.balances()["BTC"]
    (there,) = desk.venue.fetch_open_orders(SPOT)

    desk.up.kill("engine")
    sale = {"timeInForce": "IOC"}
    desk.stranger.create_order(SPOT, "limit", "sell", 100.0, price, sale)
    assert desk.venue.fetch_order(there["id"], SPOT)["status"] == "closed"

    until(lambda: desk.program.is_served(ACCOUNT))
    desk.becomes(id, "FILLED")
    fills = desk.fills(id)
    assert sum(each["quantity"] for each in fills) == Decimal("0.03")
    assert len({each["id"] for each in fills}) == len(fills)
    fee = sum(each["fee"] for each in fills)
    until(lambda: desk.balances()["BTC"] == before + Decimal("0.03") - fee)
    assert desk.venue.fetch_balance()["total"]["BTC"] == float(desk.balances()["BTC"])


def test_a_strategy_trades_there_with_its_stop_and_is_flat_once_it_is_stopped(desk: Desk) -> None:
    body = {
        "strategy": "Flip", "symbols": ["ETHUSDT-PERP"], "timeframe": "1s", "amount": 2_000,
        "parameters": {"every": 5}, "account": ACCOUNT, "confirm_live": ACCOUNT,
    }  # fmt: skip
    answer = desk.program.insist("POST", AT_WORK, body)
    assert answer.status_code == 201, answer.text
    id = answer.json()["id"]

    def entries() -> list[dict[str, Any]]:
        items = desk.program.get(f"/api/orders/?account={ACCOUNT}&limit=1000")["items"]
        return [each for each in items if each["tag"].endswith(id) and each["order_type"] == "market"]

    orders = until(
        lambda: len(found := [each for each in entries() if each["status"] == "FILLED"]) >= 3 and found
    )
    fills = desk.fills(orders[-1]["id"])
    theirs = {each["id"] for each in desk.venue.fetch_my_trades("ETH/USDT:USDT")}
    assert fills
    assert {each["id"] for each in fills} <= theirs
    stops = {each["tag"] for each in desk.working().values() if each["order_type"] == "stop"}
    assert all(tag.endswith(id) for tag in stops)

    assert desk.program.insist("POST", f"{AT_WORK}{id}/stop/", {}).status_code == 200
    ended = until(lambda: (now := desk.program.get(f"{AT_WORK}{id}/"))["state"] == "stopped" and now)
    assert ended["trades"] >= 1
    assert desk.held("ETHUSDT-PERP") == []
    assert [each for each in desk.working().values() if each["tag"].endswith(id)] == []
    positions = desk.venue.fapiPrivateV3GetPositionRisk({"symbol": "ETHUSDT"})
    assert all(not Decimal(each["positionAmt"]) for each in positions)


@pytest.fixture
def without_the_switch(desk: Desk) -> Iterator[None]:
    """The engine, begun anew without the switch; it is put back afterwards."""
    for live in ("false", "true"):
        (desk.up.data_dir / "candlewick.toml").write_text(SWITCH.format(live=live))
        desk.up.kill("engine")
        until(lambda: not desk.program.is_served(ACCOUNT))
        until(lambda: desk.program.is_served(ACCOUNT))
        if live == "false":
            yield
    until(lambda: desk.program.get(f"/api/risk/?account={ACCOUNT}")["equity"] is not None)


@pytest.mark.usefixtures("without_the_switch")
def test_without_the_switch_nothing_is_sent(desk: Desk) -> None:
    sent = len(desk.venue.fetch_orders(SPOT))
    order = {"symbol": "BTCUSDT", "side": "buy", "quantity": 0.01, "order_type": "market", "account": ACCOUNT}

    def taken() -> dict[str, Any] | None:
        answer = desk.program.ask("POST", "/api/orders/", order)
        return exact(answer) if answer.status_code == 201 else None

    rejected = desk.becomes(until(taken)["id"], "REJECTED")
    assert "is not switched on" in rejected["reason"]
    assert len(desk.venue.fetch_orders(SPOT)) == sent
