"""USDⓈ-M orders over REST and the WebSocket API: placing, modifying, cancelling, asking, in batches too."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from decimal import Decimal

import orjson

from candlewick.venues.sim.desk.margin import PerpTrader
from candlewick.venues.sim.desk.orders import Order
from candlewick.venues.sim.refusal import Refusal
from candlewick.venues.sim.server import errors, futures_rules
from candlewick.venues.sim.server.parameters import Parameters
from candlewick.venues.sim.server.routes import Asked, Count, Route
from candlewick.venues.sim.server.sides import PerpSide
from candlewick.venues.sim.server.spot_orders import PREVENTIONS

TYPES = ("LIMIT", "MARKET")
CONDITIONAL = ("STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET")
MOST_IN_BATCH = 5
_WEEK_MS = 7 * 86_400_000
_UNKNOWN = Refusal(-2011, "Unknown order sent.")


def read_order(side: PerpSide, asked: Asked) -> Order:
    """The order that a request describes, not placed yet.

    Raises:
        Refusal: parameters or filters.
    """
    parameters = asked.parameters
    listing = side.front.line(parameters.required_symbol()).listing
    sells = futures_rules.way(parameters)
    kind = parameters.choice("type", (*TYPES, *CONDITIONAL), errors.Refusal(-1116, "Invalid orderType."))
    if kind is None:
        raise errors.missing("type")
    if kind in CONDITIONAL:
        message = (
            "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead."
        )
        raise errors.Refusal(-4120, message)
    timing = futures_rules.timing(parameters)
    size, price = parameters.decimal("quantity"), parameters.decimal("price")
    reduce_only = parameters.boolean("reduceOnly")
    client = parameters.client_id("newClientOrderId")
    if size is None:
        raise errors.missing("quantity")
    if kind == "LIMIT" and timing is None:
        raise errors.missing("timeInForce")
    if kind == "LIMIT" and price is None:
        raise errors.missing("price")
    if kind == "MARKET" and timing is not None:
        raise errors.Refusal(-1106, "Parameter 'timeInForce' sent when not required.")
    if kind == "MARKET" and price is not None:
        raise errors.Refusal(-1106, "Parameter 'price' sent when not required.")
    stamped = side.front.stamp(asked.now_ms)
    order = Order(
        id=side.desk.next_id(),
        client_id=client or new_id(),
        trader=asked.account.perp,
        listing=listing,
        sells=sells,
        type=kind,
        original_type=kind,
        time_in_force=timing or "GTC",
        ticks=futures_rules.ticks(listing, price) if price is not None else 0,
        lots=futures_rules.lots(listing, size, market=kind == "MARKET"),
        prevention=parameters.choice("selfTradePreventionMode", PREVENTIONS) or "EXPIRE_MAKER",
        reduce_only=reduce_only,
        good_till_ms=futures_rules.good_till(parameters, timing, stamped, asked.now_ms),
        created_ms=asked.now_ms,
    )
    _check(side, order)
    return order


def new_id() -> str:
    """The name of an order whose client gave it none."""
    return secrets.token_hex(11)


def _check(side: PerpSide, order: Order) -> None:
    mark = side.desk.mark(order.listing)
    if order.ticks:
        futures_rules.near(order.listing, order.ticks, mark, sells=order.sells)
    price = order.ticks * order.listing.tick if order.ticks else mark
    if not order.reduce_only:
        futures_rules.worth(order.listing, Decimal(order.lots) * order.listing.lot * price)
    futures_rules.room(side.desk, sum(1 for _ in order.trader.open_in(order.listing.symbol)))


def place(side: PerpSide, asked: Asked) -> object:
    """`POST order`. The default answer is the order as it was taken; RESULT tells what became of it."""
    detail = asked.parameters.choice("newOrderRespType", ("ACK", "RESULT"))
    order = read_order(side, asked)
    side.desk.place(order)
    answer = side.reports.order(order)
    if detail != "RESULT":
        # what has matched since is told by the user stream, as there
        nothing = side.front.lines[order.listing.symbol].figures
        answer |= {
            "status": "NEW",
            "avgPrice": nothing.price(0),
            "executedQty": nothing.quantity(0),
            "cumQty": nothing.quantity(0),
            "cumQuote": nothing.quote(0),
        }
    del answer["time"]
    return answer


def test(side: PerpSide, asked: Asked) -> object:
    """`POST order/test`: all checks, and no order."""
    asked.parameters.choice("newOrderRespType", ("ACK", "RESULT"))
    return side.reports.order(read_order(side, asked))


def find(side: PerpSide, asked: Asked, unknown: Refusal) -> Order:
    """The account's order that `orderId` or `origClientOrderId` names."""
    parameters = asked.parameters
    symbol = side.front.line(parameters.required_symbol()).symbol
    id, name = parameters.number("orderId"), parameters.client_id("origClientOrderId")
    if id is None and name is None:
        raise errors.Refusal(
            -1102, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!"
        )
    trader = asked.account.perp
    order = trader.orders.get(id) if id is not None else trader.named(symbol, name or "")
    if order is None or order.listing.symbol != symbol:
        raise unknown
    return order


def query(side: PerpSide, asked: Asked) -> object:
    """`GET order`."""
    return side.reports.order(find(side, asked, Refusal(-2013, "Order does not exist.")))


def query_open(side: PerpSide, asked: Asked) -> object:
    """`GET openOrder`."""
    unknown = Refusal(-2013, "Order does not exist.")
    order = find(side, asked, unknown)
    if not order.open:
        raise unknown
    return side.reports.order(order)


def cancel(side: PerpSide, asked: Asked) -> object:
    """`DELETE order`."""
    order = find(side, asked, _UNKNOWN)
    if not order.open:
        raise Refusal(-2011, "Unknown order sent.")
    side.desk.cancel(order)
    return side.reports.order(order)


def modify(side: PerpSide, asked: Asked) -> object:
    """`PUT order`: another price and quantity for a limit order."""
    parameters = asked.parameters
    order = find(side, asked, Refusal(-2013, "Order does not exist."))
    sells = futures_rules.way(parameters)
    size, price = parameters.decimal("quantity"), parameters.decimal("price")
    if size is None:
        raise errors.missing("quantity")
    if price is None:
        raise errors.missing("price")
    if not order.open:
        raise Refusal(-2013, "Order does not exist.")
    if order.type != "LIMIT":
        raise Refusal(-5026, "Modify order is only supported for LIMIT orders.")
    if sells != order.sells:
        raise Refusal(-1117, "Invalid side.")
    ticks = futures_rules.ticks(order.listing, price)
    lots = futures_rules.lots(order.listing, size)
    if (ticks, lots) == (order.ticks, order.lots):
        raise Refusal(-5027, "No need to modify the order.")
    mark = side.desk.mark(order.listing)
    futures_rules.near(order.listing, ticks, mark, sells=order.sells)
    if not order.reduce_only:
        futures_rules.worth(order.listing, Decimal(lots) * order.listing.lot * price)
    side.desk.modify(order, ticks, lots)
    return side.reports.order(order)


def cancel_all(side: PerpSide, asked: Asked) -> object:
    """`DELETE allOpenOrders` of one symbol."""
    symbol = side.front.line(asked.parameters.required_symbol()).symbol
    for order in list(asked.account.perp.open_in(symbol)):
        side.desk.cancel(order)
    return {"code": 200, "msg": "The operation of cancel all open order is done."}


def place_batch(side: PerpSide, asked: Asked) -> object:
    """`POST batchOrders`: each is taken or refused for itself."""
    rows = _rows(asked.parameters, "batchOrders")
    return [_attempt(side, asked, row, place) for row in rows]


def modify_batch(side: PerpSide, asked: Asked) -> object:
    """`PUT batchOrders`."""
    rows = _rows(asked.parameters, "batchOrders")
    return [_attempt(side, asked, row, modify) for row in rows]


def cancel_batch(side: PerpSide, asked: Asked) -> object:
    """`DELETE batchOrders`, by numbers or by names."""
    symbol = asked.parameters.required_symbol()
    ids = asked.parameters.text("orderIdList")
    names = asked.parameters.text("origClientOrderIdList")
    if not ids and not names:
        raise errors.missing("orderIdList")
    name = "orderId" if ids else "origClientOrderId"
    found = _list("orderIdList" if ids else "origClientOrderIdList", ids or names or "", 10)
    return [_attempt(side, asked, {"symbol": symbol, name: each}, cancel) for each in found]


def _rows(parameters: Parameters, name: str) -> list[Mapping[str, object]]:
    rows = _list(name, parameters.required(name), MOST_IN_BATCH)
    if not all(isinstance(row, dict) for row in rows):
        raise errors.invalid(name)
    return rows  # type: ignore[return-value]  # each is a dict


def _list(name: str, text: str, most: int) -> list[object]:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise errors.Refusal(-1135, f"JSON sent for parameter '{name}' is not valid") from None
    if not isinstance(found, list) or not found:
        raise errors.invalid(name)
    if len(found) > most:
        raise errors.Refusal(-4082, "Invalid number of batch orders.")
    return found


def _attempt(
    side: PerpSide, asked: Asked, row: Mapping[str, object], do: Callable[[PerpSide, Asked], object]
) -> object:
    texts = (
        (name, value if isinstance(value, str) else orjson.dumps(value).decode())
        for name, value in row.items()
    )
    try:
        return do(side, Asked(Parameters(texts), asked.now_ms, asked.account))
    except Refusal as refusal:
        return refusal.content()


def open_orders(side: PerpSide, asked: Asked) -> object:
    """`GET openOrders`."""
    symbol = asked.parameters.symbol()
    if symbol is not None:
        side.front.line(symbol)
    found = asked.account.perp.open.values()
    return [side.reports.order(each) for each in found if symbol in (None, each.listing.symbol)]


def all_orders(side: PerpSide, asked: Asked) -> object:
    """`GET allOrders`: by number, by time, or the newest."""
    parameters = asked.parameters
    symbol = side.front.line(parameters.required_symbol()).symbol
    from_id, limit = parameters.number("orderId"), parameters.limit(default=500, most=1000, strict=True)
    start, end = span(side, asked)
    found = [
        each
        for each in _orders(asked.account.perp, symbol)
        if (from_id is None or each.id >= from_id)
        and (start is None or each.created_ms >= start)
        and (end is None or each.created_ms <= end)
    ]
    chosen = found[-limit:] if from_id is None and start is None else found[:limit]
    return [side.reports.order(each) for each in chosen]


def _orders(trader: PerpTrader, symbol: str) -> list[Order]:
    return [each for each in trader.orders.values() if each.listing.symbol == symbol]


def span(side: PerpSide, asked: Asked) -> tuple[int | None, int | None]:
    """The times asked for, at most a week."""
    start, end = side.times(asked)
    if start is not None and end is not None and end - start > _WEEK_MS:
        raise errors.Refusal(-4165, "Maximum time interval is 7 days.")
    return start, end


def by_symbol(one: int, every: int) -> Count:
    """A weight that depends on whether a symbol was named."""
    return lambda parameters: one if parameters.symbol() is not None else every


def _in_batch(parameters: Parameters) -> int:
    return len(_rows(parameters, "batchOrders"))


ROUTES: tuple[Route, ...] = (
    Route("POST", "/fapi/v1/order", place, 0, "trade", 1, "order.place"),
    Route("POST", "/fapi/v1/order/test", test, 0, "trade"),
    Route("GET", "/fapi/v1/order", query, 1, "signed", 0, "order.status"),
    Route("PUT", "/fapi/v1/order", modify, 1, "trade", 1, "order.modify"),
    Route("DELETE", "/fapi/v1/order", cancel, 1, "trade", 0, "order.cancel"),
    Route("GET", "/fapi/v1/openOrder", query_open, 1),
    Route("GET", "/fapi/v1/openOrders", open_orders, by_symbol(1, 40)),
    Route("DELETE", "/fapi/v1/allOpenOrders", cancel_all, 1, "trade"),
    Route("GET", "/fapi/v1/allOrders", all_orders, 5),
    Route("POST", "/fapi/v1/batchOrders", place_batch, 5, "trade", _in_batch),
    Route("PUT", "/fapi/v1/batchOrders", modify_batch, 5, "trade", _in_batch),
    Route("DELETE", "/fapi/v1/batchOrders", cancel_batch, 1, "trade"),
)
