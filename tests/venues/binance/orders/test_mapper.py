"""The private side's messages, one by one, as recorded or as the venue's documentation prints them."""

from __future__ import annotations

import contextlib
import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.core.clock import NS_PER_MS
from candlewick.core.errors import MalformedMessage
from candlewick.core.order import Terms
from candlewick.venues.binance.orders import wire
from candlewick.venues.binance.orders.mapper import Deal, Dealt, Mapper, Said, tidy

SPOT = Mapper("binance", "spot")
USDM = Mapper("binance", "usdm")

REPORT: dict[str, Any] = {
    "e": "executionReport",
    "E": 1499405658658,
    "s": "ETHBTC",
    "c": "mUvoqJxFIILMdfAW5iGSOW",
    "S": "BUY",
    "o": "LIMIT",
    "f": "GTC",
    "q": "1.00000000",
    "p": "0.10264410",
    "P": "0.00000000",
    "F": "0.00000000",
    "g": -1,
    "C": "",
    "x": "NEW",
    "X": "NEW",
    "r": "NONE",
    "i": 4293153,
    "l": "0.00000000",
    "z": "0.00000000",
    "L": "0.00000000",
    "n": "0",
    "N": None,
    "T": 1499405658657,
    "t": -1,
    "I": 8641984,
    "w": True,
    "m": False,
    "M": False,
    "O": 1499405658657,
    "Z": "0.00000000",
    "Y": "0.00000000",
    "Q": "0.00000000",
    "W": 1499405658657,
    "V": "NONE",
}
FUTURES: dict[str, Any] = {
    "s": "BTCUSDT",
    "c": "TEST",
    "S": "SELL",
    "o": "LIMIT",
    "f": "GTC",
    "q": "0.001",
    "p": "9910",
    "ap": "0",
    "sp": "0",
    "x": "NEW",
    "X": "NEW",
    "i": 8886774,
    "l": "0",
    "z": "0",
    "L": "0",
    "T": 1568879465650,
    "t": 0,
    "b": "0",
    "a": "9.91",
    "m": False,
    "R": False,
    "wt": "CONTRACT_PRICE",
    "ot": "LIMIT",
    "ps": "BOTH",
    "cp": False,
    "rp": "0",
    "pP": False,
    "si": 0,
    "ss": 0,
    "V": "EXPIRE_TAKER",
    "pm": "OPPONENT",
    "gtd": 0,
}
ALGO: dict[str, Any] = {
    "caid": "Q5xaq5EGKgXXa0fD7fs0Ip",
    "aid": 2148719,
    "at": "CONDITIONAL",
    "o": "STOP_MARKET",
    "s": "BNBUSDT",
    "S": "SELL",
    "ps": "BOTH",
    "f": "GTC",
    "q": "0.01",
    "X": "NEW",
    "ai": "",
    "ap": "0.00000",
    "aq": "0.00000",
    "act": "0",
    "tp": "750",
    "p": "0",
    "V": "EXPIRE_MAKER",
    "wt": "MARK_PRICE",
    "pm": "NONE",
    "cp": False,
    "pP": False,
    "R": True,
    "tt": 0,
    "gtd": 0,
    "rm": "",
}


def _spot(**changed: Any) -> bytes:
    return json.dumps({"subscriptionId": 0, "event": REPORT | changed}).encode()


def _futures(**changed: Any) -> bytes:
    order = FUTURES | changed
    event = {"e": "ORDER_TRADE_UPDATE", "E": 1568879465651, "T": 1568879465650, "o": order}
    return json.dumps(event).encode()


def _algo(**changed: Any) -> bytes:
    event = {"e": "ALGO_UPDATE", "T": 1750515742297, "E": 1750515742303, "o": ALGO | changed}
    return json.dumps(event).encode()


def _said(mapper: Mapper, raw: bytes) -> Said:
    said = mapper.event(raw)
    assert isinstance(said, Said)
    return said


def test_a_new_spot_order_is_open() -> None:
    assert SPOT.event(_spot()) == Said(
        market="spot",
        symbol="ETHBTC",
        client_id="mUvoqJxFIILMdfAW5iGSOW",
        venue_id="4293153",
        what="new",
        status="OPEN",
        terms=Terms(
            instrument="binance:ETHBTC",
            side="buy",
            quantity=Decimal(1),
            order_type="limit",
            limit_price=Decimal("0.1026441"),
        ),
        filled=Decimal(0),
        average=None,
        ts=1499405658657 * NS_PER_MS,
    )


def test_an_event_reads_the_same_however_it_is_wrapped() -> None:
    bare = json.dumps(REPORT).encode()
    combined = json.dumps({"stream": "abc", "data": REPORT}).encode()
    assert SPOT.event(bare) == SPOT.event(combined) == SPOT.event(_spot())


def test_a_spot_trade_is_a_deal_with_its_fee() -> None:
    said = _said(
        SPOT,
        _spot(
            x="TRADE",
            X="PARTIALLY_FILLED",
            l="0.40000000",
            z="0.40000000",
            L="0.10264000",
            n="0.00040000",
            N="BNB",
            t=77,
            m=True,
            Z="0.04105600",
        ),
    )
    assert said.deal == Deal("77", Decimal("0.10264"), Decimal("0.4"), Decimal("0.0004"), "BNB", "maker")
    assert (said.what, said.status, said.filled, said.average) == (
        "trade",
        "PARTLY_FILLED",
        Decimal("0.4"),
        Decimal("0.10264"),
    )


def test_a_cancelled_spot_order_goes_by_its_own_name_and_not_by_its_cancellations() -> None:
    said = _said(SPOT, _spot(x="CANCELED", X="CANCELED", c="cancel-1", C="mine-1"))
    assert (said.client_id, said.what, said.status) == ("mine-1", "cancelled", "CANCELLED")


@pytest.mark.parametrize(
    ("changed", "what", "status", "reason"),
    [
        ({"x": "REJECTED", "X": "REJECTED", "r": "INSUFFICIENT_BALANCES"}, "rejected", "REJECTED", "INSUFF"),
        ({"x": "EXPIRED", "X": "EXPIRED"}, "expired", "EXPIRED", ""),
        ({"x": "TRADE_PREVENTION", "X": "EXPIRED_IN_MATCH"}, "expired", "EXPIRED", ""),
        ({"x": "TRADE_PREVENTION", "X": "PARTIALLY_FILLED"}, "new", "PARTLY_FILLED", ""),
        ({"x": "SOMETHING_NEW", "X": "CANCELED"}, "cancelled", "CANCELLED", ""),
        ({"x": "REPLACED", "X": "NEW", "q": "0.5"}, "amended", "OPEN", ""),
    ],
)
def test_how_a_spot_order_moves_on(changed: dict[str, Any], what: str, status: str, reason: str) -> None:
    said = _said(SPOT, _spot(**changed))
    assert (said.what, said.status) == (what, status)
    assert said.reason.startswith(reason)


def test_a_spot_stop_is_triggered_when_it_is_in_the_book() -> None:
    waiting = _said(SPOT, _spot(o="STOP_LOSS_LIMIT", P="0.11", w=False))
    at_work = _said(SPOT, _spot(o="STOP_LOSS_LIMIT", P="0.11", w=True))
    assert (waiting.is_triggered, at_work.is_triggered) == (False, True)
    assert waiting.terms.order_type == "stop_limit"
    assert waiting.terms.stop_price == Decimal("0.11")
    assert not _said(SPOT, _spot()).is_triggered  # a limit order is in the book and was triggered by nothing


@pytest.mark.parametrize(
    ("changed", "kind", "post_only", "percent"),
    [
        ({"o": "MARKET", "p": "0"}, "market", False, None),
        ({"o": "LIMIT_MAKER"}, "limit", True, None),
        ({"o": "STOP_LOSS", "p": "0", "P": "0.1"}, "stop", False, None),
        ({"o": "TAKE_PROFIT", "p": "0", "P": "0.1"}, "take_profit", False, None),
        ({"o": "STOP_LOSS", "p": "0", "d": 150}, "trailing_stop", False, Decimal("1.5")),
    ],
)
def test_spot_types_are_read_as_ours(
    changed: dict[str, Any], kind: str, post_only: bool, percent: Decimal | None
) -> None:
    terms = _said(SPOT, _spot(**changed)).terms
    assert (terms.order_type, terms.post_only, terms.trail_percent) == (kind, post_only, percent)


def test_a_futures_trade_is_a_deal_of_the_perpetual() -> None:
    said = _said(
        USDM,
        _futures(
            x="TRADE", X="FILLED", l="0.001", z="0.001", L="9910.5", ap="9910.5", n="0.004", N="USDT", t=5
        ),
    )
    assert said.terms.instrument == "binance:BTCUSDT-PERP"
    assert said.deal == Deal("5", Decimal("9910.5"), Decimal("0.001"), Decimal("0.004"), "USDT", "taker")
    assert (said.status, said.filled, said.average) == ("FILLED", Decimal("0.001"), Decimal("9910.5"))


@pytest.mark.parametrize("client_id", ["autoclose-1234567890123456789", "adl_autoclose"])
def test_what_the_venue_closes_by_force_is_called_so(client_id: str) -> None:
    said = _said(
        USDM,
        _futures(
            c=client_id, o="LIQUIDATION", ot="LIQUIDATION", f="IOC", x="TRADE", l="0.001", L="9000", t=9
        ),
    )
    assert said.is_forced
    assert not _said(USDM, _futures()).is_forced


def test_an_execution_without_a_number_is_a_deal_that_must_be_asked_for() -> None:
    said = _said(USDM, _futures(c="autoclose-1", x="CALCULATED", X="FILLED", l="0.001", z="0.001", L="9000"))
    assert said.deal is not None
    assert said.deal.id is None


def test_a_triggered_algo_order_names_the_order_that_it_became() -> None:
    waiting = _said(USDM, _algo())
    assert (waiting.what, waiting.status, waiting.venue_id) == ("waits", "OPEN", "algo-2148719")
    assert (waiting.actual_id, waiting.is_triggered, waiting.filled) == (None, False, None)
    assert waiting.terms.order_type == "stop"
    assert waiting.terms.stop_price == Decimal(750)
    assert waiting.terms.reduce_only
    triggered = _said(USDM, _algo(X="TRIGGERED", ai="8886774"))
    assert (triggered.what, triggered.actual_id, triggered.is_triggered) == ("triggered", "8886774", True)
    assert triggered.status == "OPEN"  # it works on, under the other id


@pytest.mark.parametrize(
    ("status", "what", "ours"),
    [
        ("CANCELED", "cancelled", "CANCELLED"),
        ("EXPIRED", "expired", "EXPIRED"),
        ("REJECTED", "rejected", "REJECTED"),
    ],
)
def test_how_an_algo_order_ends(status: str, what: str, ours: str) -> None:
    said = _said(USDM, _algo(X=status, rm="Reduce Only reject"))
    assert (said.what, said.status) == (what, ours)


def test_a_trailing_algo_order_tells_its_distance_in_percent() -> None:
    said = _said(USDM, _algo(o="TRAILING_STOP_MARKET", tp="0", AP="800", cr="1.5"))
    assert said.terms.order_type == "trailing_stop"
    assert said.terms.trail_percent == Decimal("1.5")
    assert said.terms.stop_price == Decimal(800)


@pytest.mark.parametrize(
    ("event", "notice"),
    [
        ({"e": "ACCOUNT_UPDATE", "E": 1, "T": 1, "a": {"m": "FUNDING_FEE", "B": [], "P": []}}, "funding"),
        ({"e": "ACCOUNT_UPDATE", "E": 1, "T": 1, "a": {"m": "DEPOSIT", "B": [], "P": []}}, "money"),
        ({"e": "ACCOUNT_UPDATE", "E": 1, "T": 1, "a": {"m": "ORDER", "B": [], "P": []}}, None),
        (
            {"e": "ACCOUNT_UPDATE", "E": 1, "T": 1, "a": {"m": "MARGIN_TYPE_CHANGE", "B": [], "P": []}},
            "settings",
        ),
        ({"e": "ACCOUNT_CONFIG_UPDATE", "E": 1, "T": 1, "ac": {"s": "BTCUSDT", "l": 25}}, "settings"),
        ({"e": "ACCOUNT_CONFIG_UPDATE", "E": 1, "T": 1, "ai": {"j": True}}, "settings"),
        ({"e": "balanceUpdate", "E": 1, "a": "BTC", "d": "100.00000000", "T": 1573200697068}, "money"),
        ({"e": "listenKeyExpired", "E": 1, "listenKey": "abc"}, "ended"),
        ({"e": "eventStreamTerminated", "E": 1}, "ended"),
        ({"e": "TRADE_LITE", "E": 1, "s": "BTCUSDT"}, None),
        ({"e": "MARGIN_CALL", "E": 1, "p": []}, None),
        ({"e": "outboundAccountPosition", "E": 1, "u": 1, "B": []}, None),
        ({"id": 1, "status": 200, "result": {"subscriptionId": 0}}, None),
    ],
)
def test_what_else_a_stream_says(event: dict[str, Any], notice: str | None) -> None:
    assert USDM.event(json.dumps(event).encode()) == notice


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"not json",
        b'{"e":"executionReport"}',
        b'{"e":"ORDER_TRADE_UPDATE","o":{}}',
        _spot(q="NaN"),
        _spot(X="NO_SUCH_STATUS", x="NO_SUCH_TYPE"),
        _algo(X="NO_SUCH_STATUS"),
        _algo(tp="much"),
        b"\xff\xfe{}",
        b"[" * 100_000,
    ],
)
def test_what_cannot_be_read_is_malformed_and_nothing_else(raw: bytes) -> None:
    with pytest.raises(MalformedMessage):
        SPOT.event(raw)


@given(st.binary(max_size=200))
def test_no_bytes_break_it(raw: bytes) -> None:
    with contextlib.suppress(MalformedMessage):
        USDM.event(raw)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=8, min_value=-(10**12), max_value=10**12))
def test_a_tidy_number_is_the_same_number_without_zeros_at_its_end(value: Decimal) -> None:
    assert tidy(value) == value
    whole, _, fraction = format(tidy(value), "f").partition(".")
    assert not fraction.endswith("0")
    assert whole + "." + fraction == str(tidy(value)) + "." * (not fraction) or "E-" in str(tidy(value))


def test_a_rest_trade_of_either_market_names_its_order_and_its_side() -> None:
    spot = wire.decode_trades(
        b'[{"symbol":"BNBBTC","id":28457,"orderId":100234,"orderListId":-1,"price":"4.00000100",'
        b'"qty":"12.00000000","quoteQty":"48.000012","commission":"10.10000000","commissionAsset":"BNB",'
        b'"time":1499865549590,"isBuyer":true,"isMaker":false,"isBestMatch":true}]'
    )
    assert SPOT.deal(spot[0]) == Dealt(
        symbol="BNBBTC",
        venue_id="100234",
        side="buy",
        number=28457,
        deal=Deal("28457", Decimal("4.000001"), Decimal(12), Decimal("10.1"), "BNB", "taker"),
        ts=1499865549590 * NS_PER_MS,
    )
    futures = wire.decode_trades(
        b'[{"buyer":false,"commission":"-0.07819010","commissionAsset":"USDT","id":698759,"maker":true,'
        b'"orderId":25851813,"price":"7819.01","qty":"0.002","quoteQty":"15.63802","realizedPnl":"-0.91539999",'
        b'"side":"SELL","positionSide":"BOTH","symbol":"BTCUSDT","time":1569514978020}]'
    )
    dealt = USDM.deal(futures[0])
    assert (dealt.side, dealt.deal.liquidity, dealt.deal.fee) == ("sell", "maker", Decimal("-0.0781901"))


def test_an_algo_order_over_rest_reads_like_its_event() -> None:
    row = wire.decode_algo(
        b'{"algoId":2148719,"clientAlgoId":"Q5xaq5EGKgXXa0fD7fs0Ip","algoType":"CONDITIONAL",'
        b'"orderType":"STOP_MARKET","symbol":"BNBUSDT","side":"SELL","positionSide":"BOTH","timeInForce":"GTC",'
        b'"quantity":"0.01","algoStatus":"NEW","actualOrderId":"","actualPrice":"0.00000","triggerPrice":"750.000",'
        b'"price":"0.000","icebergQuantity":null,"selfTradePreventionMode":"EXPIRE_MAKER",'
        b'"workingType":"MARK_PRICE","priceMatch":"NONE","closePosition":false,"priceProtect":false,'
        b'"reduceOnly":true,"activatePrice":"","callbackRate":"","createTime":1750485492076,'
        b'"updateTime":1750515742297,"triggerTime":0,"goodTillDate":0}'
    )
    assert USDM.algo(row) == USDM.event(_algo())


def _recorded(recordings: Path, path: str, method: str) -> list[dict[str, Any]]:
    file = recordings / "wire/gocryptotrader_recorded/binance/testdata/http.json.gz"
    if not file.is_file():
        pytest.skip("MARKET_RECORDINGS holds no signed calls of Binance")
    with gzip.open(file) as lines:
        found: list[dict[str, Any]] = json.load(lines)["routes"][path][method]
    return found


def test_recorded_orders_are_read(recordings: Path) -> None:
    for call in _recorded(recordings, "/api/v3/openOrders", "GET"):
        for row in wire.decode_orders(msgspec.json.encode(call["data"])):
            said = SPOT.order(row)
            assert (said.what, said.status, said.terms.order_type) == ("new", "OPEN", "limit")
            assert (said.terms.quantity, said.terms.limit_price) == (Decimal(1), Decimal("0.1"))
            assert said.terms.stop_price is None
            assert said.ts == 1499827319559 * NS_PER_MS


def test_a_recorded_cancellation_tells_the_orders_own_name_and_what_was_filled(recordings: Path) -> None:
    for call in _recorded(recordings, "/api/v3/order", "DELETE"):
        said = SPOT.order(wire.decode_order(msgspec.json.encode(call["data"])))
        assert (said.client_id, said.what, said.filled) == ("myOrder1", "cancelled", Decimal(8))
        assert said.average == Decimal(1)


def test_recorded_balances_are_read(recordings: Path) -> None:
    for call in _recorded(recordings, "/api/v3/account", "GET"):
        account = wire.decode_spot_account(msgspec.json.encode(call["data"]))
        assert len(account.balances) > 100


def test_recorded_user_events_are_read(recordings: Path) -> None:
    file = recordings / "wire/gocryptotrader_recorded/binance/testdata/wsHandleData.json"
    if not file.is_file():
        pytest.skip("MARKET_RECORDINGS holds no user events of Binance")
    private = [line for line in file.read_bytes().splitlines() if b"jTfvpakT2yT0" in line]
    found = [SPOT.event(line) for line in private]
    said = [each for each in found if isinstance(each, Said)]
    assert len(private) >= 4
    assert [(each.client_id, each.status) for each in said] == [("c4wyKsIhoAaittTYlIVLqk", "OPEN")]
    assert said[0].terms.quantity == Decimal("0.000284")
    assert found.count("money") == 1
