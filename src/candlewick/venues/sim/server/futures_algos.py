"""USDⓈ-M conditional orders over REST and the WebSocket API, under their own addresses (`algoOrder`)."""

from __future__ import annotations

from decimal import Decimal

from candlewick.venues.sim.desk.algo import AlgoOrder
from candlewick.venues.sim.desk.trigger import Trigger
from candlewick.venues.sim.model import Listing
from candlewick.venues.sim.refusal import Refusal
from candlewick.venues.sim.server import errors, futures_rules
from candlewick.venues.sim.server.futures_orders import CONDITIONAL, by_symbol, new_id, span
from candlewick.venues.sim.server.routes import Asked, Route
from candlewick.venues.sim.server.sides import PerpSide
from candlewick.venues.sim.server.spot_orders import PREVENTIONS

PRICED = ("STOP", "TAKE_PROFIT")
CLOSING = ("STOP_MARKET", "TAKE_PROFIT_MARKET")
CALLBACK = (Decimal("0.1"), Decimal(10))  # percent


def read_algo(side: PerpSide, asked: Asked) -> AlgoOrder:
    """The conditional order that a request describes, not placed yet.

    Raises:
        Refusal: parameters or filters.
    """
    parameters = asked.parameters
    if parameters.required("algoType") != "CONDITIONAL":
        raise errors.invalid("algoType")
    listing = side.front.line(parameters.required_symbol()).listing
    sells = futures_rules.way(parameters)
    kind = parameters.choice("type", CONDITIONAL, errors.Refusal(-1116, "Invalid orderType."))
    if kind is None:
        raise errors.missing("type")
    timing = futures_rules.timing(parameters)
    working = parameters.choice("workingType", ("CONTRACT_PRICE", "MARK_PRICE")) or "CONTRACT_PRICE"
    closes, reduces = parameters.boolean("closePosition"), parameters.boolean("reduceOnly")
    size, price = parameters.decimal("quantity"), parameters.decimal("price")
    if closes and (kind not in CLOSING or size is not None or reduces):
        raise errors.Refusal(-4136, "Target strategy invalid for orderType, closePosition true.")
    if not closes and size is None:
        raise errors.missing("quantity")
    if kind in PRICED and price is None:
        raise errors.missing("price")
    if kind not in PRICED and price is not None:
        raise errors.Refusal(-1106, "Parameter 'price' sent when not required.")
    stamped = side.front.stamp(asked.now_ms)
    trigger, stop, activate, rate = _trigger(side, asked, listing, kind, sells, working)
    algo = AlgoOrder(
        id=side.desk.next_id(),
        client_id=parameters.client_id("clientAlgoId") or new_id(),
        trader=asked.account.perp,
        listing=listing,
        sells=sells,
        type=kind,
        time_in_force=timing or "GTC",
        lots=futures_rules.lots(listing, size, market=kind not in PRICED) if size is not None else 0,
        ticks=futures_rules.ticks(listing, price) if price is not None else 0,
        stop_ticks=stop,
        trigger=trigger,
        working_type=working,
        created_ms=asked.now_ms,
        close_position=closes,
        reduce_only=reduces,
        price_protect=parameters.boolean("priceProtect"),
        activate_ticks=activate,
        callback_rate=rate,
        good_till_ms=futures_rules.good_till(parameters, timing, stamped, asked.now_ms),
        prevention=parameters.choice("selfTradePreventionMode", PREVENTIONS) or "EXPIRE_MAKER",
    )
    if size is not None and not reduces:
        value = Decimal(algo.lots) * listing.lot * (algo.ticks or stop or activate) * listing.tick
        futures_rules.worth(listing, value)
    return algo


def _trigger(
    side: PerpSide, asked: Asked, listing: Listing, kind: str, sells: bool, working: str
) -> tuple[Trigger, int, int, Decimal]:
    """The trigger, and in ticks its stop price and activation price, and its callback in percent."""
    parameters = asked.parameters
    now = side.desk.algos.price(listing, working)
    if kind == "TRAILING_STOP_MARKET":
        rate = parameters.decimal("callbackRate")
        if rate is None:
            raise errors.missing("callbackRate")
        if not CALLBACK[0] <= rate <= CALLBACK[1]:
            raise errors.Refusal(-2007, "Invalid callBack rate.")
        price = parameters.decimal("activatePrice") or parameters.decimal("activationPrice")
        activate = futures_rules.ticks(listing, price) if price is not None else 0
        if activate and (activate <= now if sells else activate >= now):
            raise errors.Refusal(-2021, "Order would immediately trigger.")
        trigger = Trigger(rises=not sells, stop=activate, callback=float(rate) / 100, now=now)
        return trigger, 0, activate or round(now), rate
    stop = parameters.decimal("triggerPrice")
    if stop is None:
        raise errors.missing("triggerPrice")
    ticks = futures_rules.ticks(listing, stop)
    return Trigger(rises=kind.startswith("STOP") != sells, stop=ticks, now=now), ticks, 0, Decimal(0)


def place(side: PerpSide, asked: Asked) -> object:
    """`POST algoOrder`."""
    asked.parameters.choice("newOrderRespType", ("ACK", "RESULT"))
    return side.reports.algo(side.desk.algos.place(read_algo(side, asked)))


def _find(side: PerpSide, asked: Asked, unknown: Refusal) -> AlgoOrder:
    id, name = asked.parameters.number("algoId"), asked.parameters.client_id("clientAlgoId")
    if id is None and name is None:
        raise errors.Refusal(
            -1102, "Param 'algoId' or 'clientAlgoId' must be sent, but both were empty/null!"
        )
    for algo in reversed(side.desk.algos.of(asked.account.perp)):
        if algo.id == id or (id is None and algo.client_id == name):
            return algo
    raise unknown


def query(side: PerpSide, asked: Asked) -> object:
    """`GET algoOrder`."""
    return side.reports.algo(_find(side, asked, Refusal(-2013, "Order does not exist.")))


def cancel(side: PerpSide, asked: Asked) -> object:
    """`DELETE algoOrder`."""
    unknown = Refusal(-2011, "Unknown order sent.")
    algo = _find(side, asked, unknown)
    if algo.status != "NEW":
        raise unknown
    side.desk.algos.end(algo, "CANCELED")
    return {"algoId": algo.id, "clientAlgoId": algo.client_id, "code": "200", "msg": "success"}


def cancel_all(side: PerpSide, asked: Asked) -> object:
    """`DELETE algoOpenOrders` of one symbol."""
    symbol = side.front.line(asked.parameters.required_symbol()).symbol
    for algo in side.desk.algos.of(asked.account.perp):
        if algo.listing.symbol == symbol:
            side.desk.algos.end(algo, "CANCELED")
    return {"code": 200, "msg": "The operation of cancel all open order is done."}


def open_algos(side: PerpSide, asked: Asked) -> object:
    """`GET openAlgoOrders`."""
    parameters = asked.parameters
    symbol, id = parameters.symbol(), parameters.number("algoId")
    if symbol is not None:
        side.front.line(symbol)
    return [
        side.reports.algo(algo)
        for algo in side.desk.algos.of(asked.account.perp)
        if algo.status == "NEW" and symbol in (None, algo.listing.symbol) and id in (None, algo.id)
    ]


def all_algos(side: PerpSide, asked: Asked) -> object:
    """`GET allAlgoOrders`: from a number on, by time, or the newest."""
    parameters = asked.parameters
    symbol = side.front.line(parameters.required_symbol()).symbol
    from_id, limit = parameters.number("algoId"), parameters.limit(default=500, most=1000, strict=True)
    start, end = span(side, asked)
    found = [
        algo
        for algo in side.desk.algos.of(asked.account.perp)
        if algo.listing.symbol == symbol
        and (from_id is None or algo.id >= from_id)
        and (start is None or algo.created_ms >= start)
        and (end is None or algo.created_ms <= end)
    ]
    chosen = found[-limit:] if from_id is None and start is None else found[:limit]
    return [side.reports.algo(algo) for algo in chosen]


ROUTES: tuple[Route, ...] = (
    Route("POST", "/fapi/v1/algoOrder", place, 0, "trade", 1, "algoOrder.place"),
    Route("GET", "/fapi/v1/algoOrder", query, 1),
    Route("DELETE", "/fapi/v1/algoOrder", cancel, 1, "trade", 0, "algoOrder.cancel"),
    Route("DELETE", "/fapi/v1/algoOpenOrders", cancel_all, 1, "trade"),
    Route("GET", "/fapi/v1/openAlgoOrders", open_algos, by_symbol(1, 40)),
    Route("GET", "/fapi/v1/allAlgoOrders", all_algos, 5),
)
