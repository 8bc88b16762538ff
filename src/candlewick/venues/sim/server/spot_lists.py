"""Lists of spot orders (OCO) over REST and the WebSocket API."""

from __future__ import annotations

from candlewick.venues.sim.desk.orders import Order
from candlewick.venues.sim.desk.spot import OrderList
from candlewick.venues.sim.server import errors, spot_rules
from candlewick.venues.sim.server.routes import Asked, Route
from candlewick.venues.sim.server.sides import SpotSide
from candlewick.venues.sim.server.spot_orders import Leg, check, new_id, read_leg

STOPS = ("STOP_LOSS", "STOP_LOSS_LIMIT")
TARGETS = ("LIMIT_MAKER", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT")


def place(side: SpotSide, asked: Asked) -> object:
    """`POST orderList/oco`: a stop on one side of the market, a target on the other."""
    parameters = asked.parameters
    listing = side.front.line(parameters.required_symbol()).listing
    way = parameters.choice("side", ("BUY", "SELL"), errors.Refusal(-1117, "Invalid side."))
    if way is None:
        raise errors.missing("side")
    sells = way == "SELL"
    size = parameters.decimal("quantity")
    if size is None:
        raise errors.missing("quantity")
    lots = spot_rules.lots(listing, "quantity", size)
    client_id = parameters.client_id("listClientOrderId") or new_id()
    parameters.text("newOrderRespType")
    legs: list[Order] = []
    for prefix in ("above", "below"):
        kind = parameters.required(f"{prefix}Type")
        wanted = TARGETS if (prefix == "above") == sells else STOPS
        if kind not in (*STOPS, *TARGETS):
            raise errors.Refusal(-1158, "Order type not supported in OCO.")
        if kind not in wanted:
            raise _misplaced(kind, sells)
        order = read_leg(side, asked, listing, Leg(parameters, prefix), kind, sells, named="clientOrderId")
        order.lots = lots
        check(side, order)
        legs.append(order)
    target, stop = legs if sells else reversed(legs)
    reference = target.ticks or target.stop_ticks
    if stop.stop_ticks and (reference <= stop.stop_ticks if sells else reference >= stop.stop_ticks):
        raise errors.Refusal(-2010, "The relationship of the prices for the orders is not correct.")
    side.finish(asked)
    pair = side.desk.place_pair(client_id, target, stop)
    return _reported(side, pair)


def _misplaced(kind: str, sells: bool) -> errors.Refusal:
    if kind in STOPS:
        if sells:
            return errors.Refusal(-1197, "A stop loss order in a sell OCO must be below.")
        return errors.Refusal(-1196, "A stop loss order in a buy OCO must be above.")
    if kind == "LIMIT_MAKER":
        if sells:
            return errors.Refusal(-1166, "A limit order in a sell OCO must be above.")
        return errors.Refusal(-1165, "A limit order in a buy OCO must be below.")
    if sells:
        return errors.Refusal(-1199, "A take profit order in a sell OCO must be above.")
    return errors.Refusal(-1198, "A take profit order in a buy OCO must be below.")


def _reported(side: SpotSide, pair: OrderList) -> dict[str, object]:
    return side.reports.list(pair) | {
        "orderReports": [side.reports.placed(order, "RESULT") for order in pair.orders]
    }


def _find(asked: Asked, named: str, unknown: errors.Refusal) -> OrderList:
    id, name = asked.parameters.number("orderListId"), asked.parameters.client_id(named)
    if id is None and name is None:
        raise errors.Refusal(
            -1102, f"Param '{named}' or 'orderListId' must be sent, but both were empty/null!"
        )
    for pair in reversed(asked.account.spot.lists.values()):
        if pair.id == id or (id is None and pair.client_id == name):
            return pair
    raise unknown


def query(side: SpotSide, asked: Asked) -> object:
    """`GET orderList`."""
    return side.reports.list(
        _find(asked, "origClientOrderId", errors.Refusal(-2018, "Order list does not exist."))
    )


def cancel(side: SpotSide, asked: Asked) -> object:
    """`DELETE orderList`."""
    side.front.line(asked.parameters.required_symbol())
    asked_as = asked.parameters.client_id("newClientOrderId") or new_id()
    unknown = errors.Refusal(-2011, "Unknown order list sent.")
    pair = _find(asked, "listClientOrderId", unknown)
    side.finish(asked)
    if pair.state != "EXECUTING":
        raise unknown
    side.desk.cancel_list(pair, asked_as)
    reports = [side.reports.cancelled(order, asked_as) for order in pair.orders]
    return side.reports.list(pair) | {"orderReports": reports}


def open_lists(side: SpotSide, asked: Asked) -> object:
    """`GET openOrderList`."""
    return [
        side.reports.list(pair) for pair in asked.account.spot.lists.values() if pair.state == "EXECUTING"
    ]


def all_lists(side: SpotSide, asked: Asked) -> object:
    """`GET allOrderList`: from a number on, by time, or the newest."""
    from_id = asked.parameters.number("fromId")
    limit = asked.parameters.limit(default=500, most=1000, strict=False)
    start, end = side.times(asked)
    found = [
        pair
        for pair in asked.account.spot.lists.values()
        if (from_id is None or pair.id >= from_id)
        and (start is None or pair.orders[0].created_ms >= start)
        and (end is None or pair.orders[0].created_ms <= end)
    ]
    chosen = found[-limit:] if from_id is None and start is None else found[:limit]
    return [side.reports.list(pair) for pair in chosen]


ROUTES: tuple[Route, ...] = (
    Route("POST", "/api/v3/orderList/oco", place, 1, "trade", 2, "orderList.place.oco"),
    Route("GET", "/api/v3/orderList", query, 4, "signed", 0, "orderList.status"),
    Route("DELETE", "/api/v3/orderList", cancel, 1, "trade", 0, "orderList.cancel"),
    Route("GET", "/api/v3/openOrderList", open_lists, 6, "signed", 0, "openOrderLists.status"),
    Route("GET", "/api/v3/allOrderList", all_lists, 20, "signed", 0, "allOrderLists"),
)
