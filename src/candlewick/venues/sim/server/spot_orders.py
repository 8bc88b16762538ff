"""Spot orders over REST and the WebSocket API: placing, cancelling, replacing, asking."""

from __future__ import annotations

import secrets
from decimal import Decimal
from typing import Any

from candlewick.venues.sim.desk.orders import ZERO, Order, Prevention, amount
from candlewick.venues.sim.desk.spot import SpotTrader
from candlewick.venues.sim.desk.trigger import Trigger
from candlewick.venues.sim.model import Listing
from candlewick.venues.sim.server import errors, spot_rules
from candlewick.venues.sim.server.candles import average
from candlewick.venues.sim.server.parameters import Parameters
from candlewick.venues.sim.server.routes import Asked, Route
from candlewick.venues.sim.server.sides import SpotSide

TYPES = (
    "LIMIT",
    "MARKET",
    "STOP_LOSS",
    "STOP_LOSS_LIMIT",
    "TAKE_PROFIT",
    "TAKE_PROFIT_LIMIT",
    "LIMIT_MAKER",
)
PRICED = ("LIMIT", "LIMIT_MAKER", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT")
TIMED = ("LIMIT", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT")
CONDITIONAL = ("STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT")
PREVENTIONS: tuple[Prevention, ...] = ("EXPIRE_MAKER", "EXPIRE_TAKER", "EXPIRE_BOTH", "NONE")
_AVERAGE_MINUTES = 5


class Leg:
    """The parameters of one order; in a list their names begin with `above` or `below`."""

    def __init__(self, parameters: Parameters, prefix: str = "") -> None:
        self._parameters = parameters
        self._prefix = prefix

    def name(self, name: str) -> str:
        """The parameter as it is sent."""
        return self._prefix + name[0].upper() + name[1:] if self._prefix else name

    def text(self, name: str) -> str | None:
        return self._parameters.text(self.name(name))

    def decimal(self, name: str) -> Decimal | None:
        return self._parameters.decimal(self.name(name))

    def number(self, name: str) -> int | None:
        return self._parameters.number(self.name(name))

    def client_id(self, name: str) -> str | None:
        return self._parameters.client_id(self.name(name))


def new_id() -> str:
    """The name of an order whose client gave it none."""
    return secrets.token_hex(11)


def read_order(side: SpotSide, asked: Asked) -> Order:
    """The order that a request describes, not placed yet.

    Raises:
        Refusal: parameters or filters.
    """
    parameters = asked.parameters
    line = side.front.line(parameters.required_symbol())
    way = parameters.choice("side", ("BUY", "SELL"), errors.Refusal(-1117, "Invalid side."))
    if way is None:
        raise errors.missing("side")
    kind = parameters.choice("type", TYPES, errors.Refusal(-1116, "Invalid orderType."))
    if kind is None:
        raise errors.missing("type")
    if parameters.decimal("icebergQty"):
        raise errors.Refusal(-2010, "Iceberg orders are not supported for this symbol.")
    order = read_leg(side, asked, line.listing, Leg(parameters), kind, way == "SELL")
    size = parameters.decimal("quantity")
    spend = parameters.decimal("quoteOrderQty")
    if spend is not None and (size is not None or kind != "MARKET"):
        raise errors.Refusal(-1106, "Parameter 'quoteOrderQty' sent when not required.")
    if spend is not None:
        order.asked_quote = spot_rules.precise("quoteOrderQty", spend)
        order.lots = side.desk.lots_for(order)
        if not order.lots:
            raise spot_rules.failure("NOTIONAL")
    elif size is None:
        raise errors.missing("quantity")
    else:
        order.lots = spot_rules.lots(line.listing, "quantity", size)
    check(side, order)
    return order


def read_leg(
    side: SpotSide, asked: Asked, listing: Listing, leg: Leg, kind: str, sells: bool, named: str = ""
) -> Order:
    """The order's terms but for its size."""
    least, most = spot_rules.TRAILING_BIPS
    client = leg.client_id(named or "newClientOrderId")
    price, stop = leg.decimal("price"), leg.decimal("stopPrice")
    timing, trailing = leg.text("timeInForce"), leg.number("trailingDelta")
    strategy_id, strategy_type = leg.number("strategyId"), leg.number("strategyType")
    if strategy_type is not None and strategy_type < 1_000_000:
        raise errors.Refusal(-1134, "strategyType was less than 1000000.")
    for name, value, wanted in (("price", price, PRICED), ("timeInForce", timing, TIMED)):
        if value is None and kind in wanted:
            raise errors.missing(leg.name(name))
        if value is not None and kind not in wanted:
            raise errors.Refusal(-1106, f"Parameter '{leg.name(name)}' sent when not required.")
    if timing not in (None, "GTC", "IOC", "FOK"):
        raise errors.Refusal(-1115, "Invalid timeInForce.")
    if kind in CONDITIONAL and stop is None and trailing is None:
        first, second = leg.name("stopPrice"), leg.name("trailingDelta")
        raise errors.Refusal(-1102, f"Param '{first}' or '{second}' must be sent, but both were empty/null!")
    if kind not in CONDITIONAL and (stop is not None or trailing is not None):
        name = leg.name("stopPrice" if stop is not None else "trailingDelta")
        raise errors.Refusal(-1106, f"Parameter '{name}' sent when not required.")
    if trailing is not None and not least <= trailing <= most:
        raise spot_rules.failure("TRAILING_DELTA")
    prevention = asked.parameters.choice("selfTradePreventionMode", PREVENTIONS)
    order = Order(
        id=side.desk.next_id(),
        client_id=client or new_id(),
        trader=asked.account.spot,
        listing=listing,
        sells=sells,
        type=kind,
        original_type=kind,
        time_in_force=timing or "GTC",
        ticks=spot_rules.ticks(listing, leg.name("price"), price) if price is not None else 0,
        lots=0,
        stop_ticks=spot_rules.ticks(listing, leg.name("stopPrice"), stop) if stop is not None else 0,
        trailing_delta=trailing or 0,
        prevention=prevention or "EXPIRE_MAKER",
        strategy_id=strategy_id,
        strategy_type=strategy_type,
        created_ms=asked.now_ms,
    )
    if kind in CONDITIONAL:
        order.trigger = _trigger(side, order)
    return order


def _trigger(side: SpotSide, order: Order) -> Trigger:
    last = side.front.world.last(order.listing)
    trigger = Trigger(
        rises=order.type.startswith("STOP") != order.sells,
        stop=order.stop_ticks,
        callback=order.trailing_delta / 10_000,
        now=last,
    )
    if trigger.would_fire(last):
        raise errors.Refusal(-2010, "Order would trigger immediately.")
    return trigger


def check(side: SpotSide, order: Order) -> None:
    """The filters that look at more than one number."""
    quote, volume = average(side.front.world, order.listing, _AVERAGE_MINUTES)
    mean = quote / volume if volume else float(side.front.world.last(order.listing))
    if order.ticks:
        spot_rules.near(order.ticks, mean)
    value = amount(order.listing, int((order.ticks or order.stop_ticks or mean) * order.lots))
    spot_rules.worth(order.listing, value, market=order.type == "MARKET")
    open_orders = list(order.trader.open_in(order.listing.symbol))
    if len(open_orders) >= spot_rules.MOST_OPEN_ORDERS:
        raise spot_rules.failure("MAX_NUM_ORDERS")
    waiting = sum(each.trigger is not None for each in open_orders)
    if order.trigger is not None and waiting >= spot_rules.MOST_CONDITIONAL:
        raise spot_rules.failure("MAX_NUM_ALGO_ORDERS")


def place(side: SpotSide, asked: Asked) -> object:
    """`POST order`."""
    detail = _detail(asked.parameters)
    order = read_order(side, asked)
    side.finish(asked)
    side.desk.place(order)
    return side.reports.placed(order, detail or _usual_detail(order))


def _detail(parameters: Parameters) -> str | None:
    return parameters.choice("newOrderRespType", ("ACK", "RESULT", "FULL"))


def _usual_detail(order: Order) -> str:
    return "FULL" if order.type in ("LIMIT", "MARKET") else "ACK"


def test(side: SpotSide, asked: Asked) -> object:
    """`POST order/test`: all checks, and no order."""
    rates = asked.parameters.boolean("computeCommissionRates")
    _detail(asked.parameters)
    order = read_order(side, asked)
    side.finish(asked)
    if not rates:
        return {}
    desk = side.desk
    return {
        "standardCommissionForOrder": {"maker": f"{desk.maker_rate:.8f}", "taker": f"{desk.taker_rate:.8f}"},
        "taxCommissionForOrder": {"maker": "0.00000000", "taker": "0.00000000"},
        "discount": {
            "enabledForAccount": False,
            "enabledForSymbol": False,
            "discountAsset": order.listing.quote,
            "discount": "0.00000000",
        },
    }


def find(side: SpotSide, asked: Asked, *, code: int = -2013, message: str = "Order does not exist.") -> Order:
    """The account's order that `orderId` or `origClientOrderId` names."""
    parameters = asked.parameters
    symbol = side.front.line(parameters.required_symbol()).symbol
    return find_named(
        asked.account.spot,
        symbol,
        parameters.number("orderId"),
        parameters.client_id("origClientOrderId"),
        errors.Refusal(code, message),
    )


def find_named(
    trader: SpotTrader, symbol: str, id: int | None, name: str | None, unknown: errors.Refusal
) -> Order:
    """The trader's order of that number, or of that name."""
    if id is None and name is None:
        raise errors.Refusal(
            -1102, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!"
        )
    order = trader.orders.get(id) if id is not None else trader.named(symbol, name or "")
    if order is None or order.listing.symbol != symbol or (name is not None and order.client_id != name):
        raise unknown
    return order


def query(side: SpotSide, asked: Asked) -> object:
    """`GET order`."""
    return side.reports.order(find(side, asked))


def cancel(side: SpotSide, asked: Asked) -> object:
    """`DELETE order`."""
    asked_as = asked.parameters.client_id("newClientOrderId") or new_id()
    only = asked.parameters.choice("cancelRestrictions", ("ONLY_NEW", "ONLY_PARTIALLY_FILLED"))
    order = find(side, asked, code=-2011, message="Unknown order sent.")
    side.finish(asked)
    _cancel(side, order, asked_as, only)
    return _cancelled(side, asked, order, asked_as)


def _cancel(side: SpotSide, order: Order, asked_as: str, only: str | None) -> None:
    if not order.open:
        raise errors.Refusal(-2011, "Unknown order sent.")
    if only is not None and order.status != only.removeprefix("ONLY_"):
        raise errors.Refusal(-2011, "Order was not canceled due to cancel restrictions.")
    side.desk.cancel(order, asked_as)


def _cancelled(side: SpotSide, asked: Asked, order: Order, asked_as: str) -> dict[str, Any]:
    pair = asked.account.spot.lists.get(order.list_id)
    if pair is None:
        return side.reports.cancelled(order, asked_as)
    reports = [side.reports.cancelled(each, asked_as) for each in pair.orders]
    return side.reports.list(pair) | {"orderReports": reports}


def cancel_all(side: SpotSide, asked: Asked) -> object:
    """`DELETE openOrders`."""
    symbol = side.front.line(asked.parameters.required_symbol()).symbol
    side.finish(asked)
    trader, asked_as = asked.account.spot, new_id()
    found = list(trader.open_in(symbol))
    if not found:
        raise errors.Refusal(-2011, "Unknown order sent.")
    answer, told = [], set()
    for order in found:
        side.desk.cancel(order, asked_as)
        if order.list_id == -1 or order.list_id not in told:
            answer.append(_cancelled(side, asked, order, asked_as))
            told.add(order.list_id)
    return answer


def replace(side: SpotSide, asked: Asked) -> object:
    """`POST order/cancelReplace`: one order goes, another comes."""
    parameters = asked.parameters
    mode = parameters.choice("cancelReplaceMode", ("STOP_ON_FAILURE", "ALLOW_FAILURE"))
    if mode is None:
        raise errors.missing("cancelReplaceMode")
    only = parameters.choice("cancelRestrictions", ("ONLY_NEW", "ONLY_PARTIALLY_FILLED"))
    asked_as = parameters.client_id("cancelNewClientOrderId") or new_id()
    id, name = parameters.number("cancelOrderId"), parameters.client_id("cancelOrigClientOrderId")
    parameters.text("orderRateLimitExceededMode")
    detail = _detail(parameters)
    symbol = side.front.line(parameters.required_symbol()).symbol
    # a new order that no market would take refuses the whole, before anything is cancelled
    order = read_order(side, asked)
    side.finish(asked)
    data: dict[str, object] = {"cancelResult": "SUCCESS", "newOrderResult": "SUCCESS"}
    try:
        old = find_named(asked.account.spot, symbol, id, name, errors.Refusal(-2011, "Unknown order sent."))
        _cancel(side, old, asked_as, only)
        data["cancelResponse"] = side.reports.cancelled(old, asked_as)
    except errors.Refusal as refusal:
        data |= {"cancelResult": "FAILURE", "cancelResponse": refusal.content()}
    if data["cancelResult"] == "FAILURE" and mode == "STOP_ON_FAILURE":
        data |= {"newOrderResult": "NOT_ATTEMPTED", "newOrderResponse": None}
    else:
        try:
            side.desk.place(order)
            data["newOrderResponse"] = side.reports.placed(order, detail or _usual_detail(order))
        except errors.Refusal as refusal:
            data |= {"newOrderResult": "FAILURE", "newOrderResponse": refusal.content()}
    results = (data["cancelResult"], data["newOrderResult"])
    if results == ("SUCCESS", "SUCCESS"):
        return data
    if "SUCCESS" in results:
        raise errors.Refusal(-2021, "Order cancel-replace partially failed.", status=409, data=data)
    raise errors.Refusal(-2022, "Order cancel-replace failed.", data=data)


def amend(side: SpotSide, asked: Asked) -> object:
    """`PUT order/amend/keepPriority`: fewer lots, the same place in the queue."""
    parameters = asked.parameters
    size = parameters.decimal("newQty")
    if size is None:
        raise errors.missing("newQty")
    name = parameters.client_id("newClientOrderId") or new_id()
    order = find(side, asked)
    side.finish(asked)
    if not order.open:
        raise errors.Refusal(-2038, "Order amend rejected: the order is not open.")
    wanted = spot_rules.lots(order.listing, "newQty", size)
    if not order.filled < wanted < order.lots:
        message = "The requested action would change no state; rejecting."
        if wanted > order.lots:
            message = "Order amend (quantity increase) is not supported."
        raise errors.Refusal(-2038, message)
    was = order.client_id
    side.desk.amend(order, wanted, name)
    pair = asked.account.spot.lists.get(order.list_id)
    answer: dict[str, object] = {
        "transactTime": side.reports.stamp(order.updated_ms),
        "executionId": side.desk.next_id(),
        "amendedOrder": side.reports.amended(order, was),
    }
    return answer | {"listStatus": side.reports.list(pair)} if pair else answer


def open_orders(side: SpotSide, asked: Asked) -> object:
    """`GET openOrders`."""
    symbol = asked.parameters.symbol()
    if symbol is not None:
        side.front.line(symbol)
    found = asked.account.spot.open.values()
    return [side.reports.order(each) for each in found if symbol in (None, each.listing.symbol)]


def all_orders(side: SpotSide, asked: Asked) -> object:
    """`GET allOrders`: by number, by time, or the newest."""
    parameters = asked.parameters
    symbol = side.front.line(parameters.required_symbol()).symbol
    from_id, limit = parameters.number("orderId"), parameters.limit(default=500, most=1000, strict=False)
    start, end = side.times(asked)
    found = [
        each
        for each in asked.account.spot.orders.values()
        if each.listing.symbol == symbol
        and (from_id is None or each.id >= from_id)
        and (start is None or each.created_ms >= start)
        and (end is None or each.created_ms <= end)
    ]
    chosen = found[-limit:] if from_id is None and start is None else found[:limit]
    return [side.reports.order(each) for each in chosen]


def by_symbol(one: int, every: int) -> Any:
    """A weight that depends on whether a symbol was named."""
    return lambda parameters: one if parameters.symbol() is not None else every


ROUTES: tuple[Route, ...] = (
    Route("POST", "/api/v3/order", place, 1, "trade", 1, "order.place"),
    Route("POST", "/api/v3/order/test", test, 1, "trade", 0, "order.test"),
    Route("GET", "/api/v3/order", query, 4, "signed", 0, "order.status"),
    Route("DELETE", "/api/v3/order", cancel, 1, "trade", 0, "order.cancel"),
    Route("POST", "/api/v3/order/cancelReplace", replace, 1, "trade", 1, "order.cancelReplace"),
    Route("PUT", "/api/v3/order/amend/keepPriority", amend, 4, "trade", 0, "order.amend.keepPriority"),
    Route("GET", "/api/v3/openOrders", open_orders, by_symbol(6, 80), "signed", 0, "openOrders.status"),
    Route("DELETE", "/api/v3/openOrders", cancel_all, 1, "trade", 0, "openOrders.cancelAll"),
    Route("GET", "/api/v3/allOrders", all_orders, 20, "signed", 0, "allOrders"),
)
__all__ = ["ROUTES", "ZERO", "Leg", "find_named", "new_id", "read_leg"]
