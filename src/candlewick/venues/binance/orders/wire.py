"""The private side's messages as typed structs, under the venue's own field names.

Amounts are Decimals, exactly as the venue wrote them: they are owned. A field that we do not use is not
declared, and one that only some messages have is optional, so that the venue may add what it likes.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Raw, Struct, field

from candlewick.venues.binance.wire import Id, Millis

ZERO = Decimal(0)


# User-data streams.


class ExecutionReport(Struct, tag_field="e", tag="executionReport"):
    """Spot: something happened to an order (`x`), which now stands as `X`.

        {"e":"executionReport","E":1616627567900,"s":"BNBBTC","c":"c4wyKsIhoAaittTYlIVLqk","S":"BUY",
         "o":"LIMIT","f":"GTC","q":"0.00028400","p":"52789.10000000","P":"0.00000000","F":"0.00000000","g":-1,
         "C":"","x":"NEW","X":"NEW","r":"NONE","i":5340845958,"l":"0.00000000","z":"0.00000000",
         "L":"0.00000000","n":"0","N":"BTC","T":1616627567900,"t":-1,"I":11388173160,"w":true,"m":false,
         "M":false,"O":1616627567900,"Z":"0.00000000","Y":"0.00000000","Q":"0.00000000","W":1616627567900}

    Of a cancelled order `c` is the cancellation's own id and `C` the order's. `w`: it is in the book.
    """

    s: str
    c: str
    S: str
    o: str
    f: str
    q: Decimal
    p: Decimal
    P: Decimal
    x: str
    X: str
    i: Id
    z: Decimal
    T: Millis
    C: str = ""
    r: str = "NONE"
    l: Decimal = ZERO  # noqa: E741 (the venue's name)
    L: Decimal = ZERO
    n: Decimal = ZERO
    N: str | None = None
    t: int = -1
    w: bool = False
    m: bool = False
    Z: Decimal = ZERO
    d: int | None = None


class FuturesOrder(Struct):
    """The order in an `ORDER_TRADE_UPDATE`."""

    s: str
    c: str
    S: str
    o: str
    f: str
    q: Decimal
    p: Decimal
    x: str
    X: str
    i: Id
    z: Decimal
    T: Millis
    ap: Decimal = ZERO
    sp: Decimal = ZERO
    l: Decimal = ZERO  # noqa: E741 (the venue's name)
    L: Decimal = ZERO
    n: Decimal = ZERO
    N: str | None = None
    t: int = 0
    m: bool = False
    R: bool = False
    ot: str = ""
    AP: str = ""
    cr: str = ""
    gtd: int = 0


class OrderTradeUpdate(Struct, tag_field="e", tag="ORDER_TRADE_UPDATE"):
    """USDⓈ-M: something happened to an order in the matching engine.

    {"e":"ORDER_TRADE_UPDATE","E":1568879465651,"T":1568879465650,"o":{"s":"BTCUSDT","c":"TEST",
     "S":"SELL","o":"LIMIT","f":"GTC","q":"0.001","p":"9910","ap":"0","sp":"0","x":"NEW","X":"NEW",
     "i":8886774,"l":"0","z":"0","L":"0","T":1568879465650,"t":0,"b":"0","a":"9.91","m":false,"R":false,
     "wt":"CONTRACT_PRICE","ot":"LIMIT","ps":"BOTH","cp":false,"rp":"0","V":"EXPIRE_TAKER","gtd":0}}
    """

    o: FuturesOrder


class AlgoOrder(Struct):
    """The order in an `ALGO_UPDATE`. `ai` is the order that the trigger sent into the matching engine."""

    caid: str
    aid: Id
    o: str
    s: str
    S: str
    f: str
    q: Decimal
    X: str
    ai: str = ""
    tp: str = ""
    p: str = ""
    R: bool = False
    gtd: int = 0
    rm: str = ""
    AP: str = ""
    cr: str = ""


class AlgoUpdate(Struct, tag_field="e", tag="ALGO_UPDATE"):
    """USDⓈ-M: a conditional order waits, is triggered, or is gone (since 2025-12-09 a service of its own).

    {"e":"ALGO_UPDATE","T":1750515742297,"E":1750515742303,"o":{"caid":"Q5xaq5EGKgXXa0fD7fs0Ip",
     "aid":2148719,"at":"CONDITIONAL","o":"TAKE_PROFIT","s":"BNBUSDT","S":"SELL","ps":"BOTH","f":"GTC",
     "q":"0.01","X":"CANCELED","ai":"","ap":"0.00000","aq":"0.00000","act":"0","tp":"750","p":"750",
     "V":"EXPIRE_MAKER","wt":"CONTRACT_PRICE","pm":"NONE","cp":false,"pP":false,"R":false,"tt":0,"gtd":0,
     "rm":"Reduce Only reject"}}
    """

    T: Millis
    o: AlgoOrder


class AccountChange(Struct):
    """Why an `ACCOUNT_UPDATE` was sent."""

    m: str


class AccountUpdate(Struct, tag_field="e", tag="ACCOUNT_UPDATE"):
    """USDⓈ-M: balances or positions changed. A crossed position's funding names no position:

    {"e":"ACCOUNT_UPDATE","E":1564745798939,"T":1564745798938,"a":{"m":"FUNDING_FEE",
     "B":[{"a":"USDT","wb":"122624.12345678","cw":"100.12345678","bc":"50.12345678"}],"P":[]}}
    """

    T: Millis
    a: AccountChange


class AccountConfigUpdate(Struct, tag_field="e", tag="ACCOUNT_CONFIG_UPDATE"):
    """The leverage of a contract, or whether assets stand in for each other, was changed: by whomsoever.

    {"e":"ACCOUNT_CONFIG_UPDATE","E":1611646737479,"T":1611646737476,"ac":{"s":"BTCUSDT","l":25}}
    """


class BalanceUpdate(Struct, tag_field="e", tag="balanceUpdate"):
    """Spot: money came or went by other means than a trade."""

    T: Millis
    a: str
    d: Decimal


class OutboundAccountPosition(Struct, tag_field="e", tag="outboundAccountPosition"):
    """Spot: balances after a change. They follow from fills, so nothing is made of them."""


class ListStatus(Struct, tag_field="e", tag="listStatus"):
    """Spot: an order list changed; its orders tell of themselves."""


class ListenKeyExpired(Struct, tag_field="e", tag="listenKeyExpired"):
    """USDⓈ-M: the stream's key is worth nothing any more; nothing further will come."""


class EventStreamTerminated(Struct, tag_field="e", tag="eventStreamTerminated"):
    """Spot: the subscription has ended; nothing further will come."""


UserEvent = (
    ExecutionReport
    | OrderTradeUpdate
    | AlgoUpdate
    | AccountUpdate
    | AccountConfigUpdate
    | BalanceUpdate
    | OutboundAccountPosition
    | ListStatus
    | ListenKeyExpired
    | EventStreamTerminated
)


class Envelope(Struct):
    """How an event may be wrapped: spot's WebSocket API, or a combined stream. Bare ones have `e`."""

    e: str = ""
    event: Raw = field(default_factory=Raw)
    data: Raw = field(default_factory=Raw)
    id: Raw = field(default_factory=Raw)


class SocketError(Struct):
    """Why the WebSocket API refused."""

    code: int
    msg: str


class SocketAnswer(Struct):
    """The WebSocket API's answer to a request."""

    status: int
    error: SocketError | None = None


# REST.


class OrderRow(Struct, rename="camel"):
    """An order as REST tells it: spot, USDⓈ-M, in answers to placing, cancelling, asking and in lists.

    Spot (recorded 2025, times and ids shortened by the venue's own example account):

        {"clientOrderId":"myOrder1","cummulativeQuoteQty":"0.0","executedQty":"0.0","icebergQty":"0.0",
         "isWorking":true,"orderId":1,"origQty":"1.0","price":"0.1","side":"BUY","status":"NEW",
         "stopPrice":"0.0","symbol":"LTCBTC","time":1499827319559,"timeInForce":"GTC","type":"LIMIT",
         "updateTime":1499827319559}
    """

    symbol: str
    order_id: Id
    client_order_id: str
    orig_client_order_id: str = ""
    status: str = ""  # an ACK has none
    side: str = ""
    type: str = ""
    orig_type: str = ""
    time_in_force: str = "GTC"
    orig_qty: Decimal = ZERO
    executed_qty: Decimal = ZERO
    price: Decimal = ZERO
    stop_price: Decimal = ZERO
    avg_price: Decimal = ZERO  # futures
    cummulative_quote_qty: Decimal = ZERO  # spot
    trailing_delta: int | None = None  # spot
    reduce_only: bool = False
    good_till_date: int = 0
    is_working: bool = True
    time: int = 0
    update_time: int = 0
    transact_time: int = 0


class AlgoRow(Struct, rename="camel"):
    """A conditional order as USDⓈ-M's algo service tells it.

    {"algoId":123456789,"clientAlgoId":"test","algoType":"CONDITIONAL","orderType":"STOP_MARKET",
     "symbol":"BTCUSDT","side":"BUY","positionSide":"BOTH","timeInForce":"GTC","quantity":"0.001",
     "algoStatus":"FINISHED","actualOrderId":"987654321","actualPrice":"50000.00","triggerPrice":"45000.00",
     "price":"0","workingType":"MARK_PRICE","closePosition":false,"reduceOnly":false,
     "createTime":1625474304765,"updateTime":1625474304765,"triggerTime":1625474304766,"goodTillDate":0}
    """

    algo_id: Id
    client_algo_id: str
    symbol: str = ""
    order_type: str = ""
    side: str = ""
    time_in_force: str = "GTC"
    quantity: Decimal = ZERO
    algo_status: str = "NEW"
    actual_order_id: str | None = None
    trigger_price: str | None = None
    price: str | None = None
    reduce_only: bool = False
    activate_price: str | None = None
    callback_rate: str | None = None
    create_time: int = 0
    update_time: int = 0
    good_till_date: int = 0


class TradeRow(Struct, rename="camel"):
    """A trade of ours: spot's `myTrades`, USDⓈ-M's `userTrades`."""

    symbol: str
    id: Id
    order_id: Id
    price: Decimal
    qty: Decimal
    commission: Decimal
    commission_asset: str
    time: Millis
    is_buyer: bool | None = None  # spot
    is_maker: bool | None = None  # spot
    buyer: bool | None = None  # futures
    maker: bool | None = None  # futures


class SpotBalance(Struct):
    """An asset of a spot account."""

    asset: str
    free: Decimal
    locked: Decimal


class SpotAccount(Struct):
    """`GET /api/v3/account`."""

    balances: list[SpotBalance]


class FuturesAsset(Struct, rename="camel"):
    """An asset of a futures account; `initial_margin` is bound by positions and open orders."""

    asset: str
    wallet_balance: Decimal
    initial_margin: Decimal = ZERO


class FuturesAccount(Struct):
    """`GET /fapi/v3/account`."""

    assets: list[FuturesAsset]


class PositionRow(Struct, rename="camel"):
    """A row of `GET /fapi/v3/positionRisk`. `BOTH`: one-way mode, the only one that is traded here."""

    symbol: str
    position_amt: Decimal
    entry_price: Decimal
    position_side: str = "BOTH"


class SymbolConfig(Struct, rename="camel"):
    """A row of `GET /fapi/v1/symbolConfig`: `CROSSED` or `ISOLATED`."""

    symbol: str
    margin_type: str
    leverage: Decimal


class LeverageAnswer(Struct):
    """The answer to `POST /fapi/v1/leverage`: what is in force now."""

    leverage: Decimal


class IncomeRow(Struct, rename="camel"):
    """A row of `GET /fapi/v1/income`: of all symbols, the only list that is."""

    income_type: str
    income: Decimal
    asset: str
    time: Millis
    symbol: str = ""


class FundingRow(Struct, rename="camel"):
    """A row of `GET /fapi/v1/fundingRate`, with the mark at which it was settled."""

    funding_time: Millis
    funding_rate: Decimal
    mark_price: str = ""


class ListenKey(Struct, rename="camel"):
    """The answer to `POST /fapi/v1/listenKey`."""

    listen_key: str


def _decoder(type_: object) -> Callable[[bytes | Raw], Any]:
    return msgspec.json.Decoder(type_, strict=False).decode


decode_envelope: Callable[[bytes | Raw], Envelope] = _decoder(Envelope)
decode_event: Callable[[bytes | Raw], UserEvent] = _decoder(UserEvent)
decode_answer: Callable[[bytes | Raw], SocketAnswer] = _decoder(SocketAnswer)
decode_order: Callable[[bytes | Raw], OrderRow] = _decoder(OrderRow)
decode_orders: Callable[[bytes | Raw], list[OrderRow]] = _decoder(list[OrderRow])
decode_algo: Callable[[bytes | Raw], AlgoRow] = _decoder(AlgoRow)
decode_algos: Callable[[bytes | Raw], list[AlgoRow]] = _decoder(list[AlgoRow])
decode_trades: Callable[[bytes | Raw], list[TradeRow]] = _decoder(list[TradeRow])
decode_spot_account: Callable[[bytes | Raw], SpotAccount] = _decoder(SpotAccount)
decode_futures_account: Callable[[bytes | Raw], FuturesAccount] = _decoder(FuturesAccount)
decode_positions: Callable[[bytes | Raw], list[PositionRow]] = _decoder(list[PositionRow])
decode_symbol_configs: Callable[[bytes | Raw], list[SymbolConfig]] = _decoder(list[SymbolConfig])
decode_leverage: Callable[[bytes | Raw], LeverageAnswer] = _decoder(LeverageAnswer)
decode_income: Callable[[bytes | Raw], list[IncomeRow]] = _decoder(list[IncomeRow])
decode_fundings: Callable[[bytes | Raw], list[FundingRow]] = _decoder(list[FundingRow])
decode_listen_key: Callable[[bytes | Raw], ListenKey] = _decoder(ListenKey)
