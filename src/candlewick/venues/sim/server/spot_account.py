"""A spot account over REST and the WebSocket API: balances, trades, commissions, listen keys."""

from __future__ import annotations

from candlewick.venues.sim.server import errors
from candlewick.venues.sim.server.parameters import Parameters
from candlewick.venues.sim.server.routes import Asked, Route
from candlewick.venues.sim.server.sides import SpotSide
from candlewick.venues.sim.server.spot_reports import money

_LONGEST_MS = 24 * 3_600_000


def account(side: SpotSide, asked: Asked) -> object:
    """`GET account`."""
    shown = not asked.parameters.boolean("omitZeroBalances")
    trader, desk = asked.account.spot, side.desk
    maker, taker = f"{desk.maker_rate:.8f}", f"{desk.taker_rate:.8f}"
    return {
        "makerCommission": int(desk.maker_rate * 10_000),
        "takerCommission": int(desk.taker_rate * 10_000),
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": {"maker": maker, "taker": taker, "buyer": "0.00000000", "seller": "0.00000000"},
        "canTrade": True,
        "canWithdraw": False,
        "canDeposit": False,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
        "updateTime": side.front.stamp(trader.updated_ms) if trader.updated_ms else 0,
        "accountType": "SPOT",
        "balances": [
            {"asset": asset, "free": money(each.free), "locked": money(each.locked)}
            for asset, each in sorted(trader.balances.items())
            if shown or each.free or each.locked
        ],
        "permissions": ["SPOT"],
        "uid": asked.account.uid,
    }


def trades(side: SpotSide, asked: Asked) -> object:
    """`GET myTrades`: by order, by id, by time, or the newest."""
    parameters = asked.parameters
    symbol = side.front.line(parameters.required_symbol()).symbol
    order_id, from_id = parameters.number("orderId"), parameters.number("fromId")
    limit = parameters.limit(default=500, most=1000, strict=False)
    start, end = side.times(asked)
    if start is not None and end is not None and end - start > _LONGEST_MS:
        raise errors.Refusal(-1127, "More than 24 hours between startTime and endTime.")
    found = asked.account.spot.find_fills(
        symbol, order_id=order_id, from_id=from_id, start_ms=start, end_ms=end, limit=limit
    )
    return [side.reports.trade(fill) for fill in found]


def commission(side: SpotSide, asked: Asked) -> object:
    """`GET account/commission`."""
    line = side.front.line(asked.parameters.required_symbol())
    desk, none = side.desk, "0.00000000"
    rates = {"maker": f"{desk.maker_rate:.8f}", "taker": f"{desk.taker_rate:.8f}"}
    nothing = {"maker": none, "taker": none, "buyer": none, "seller": none}
    return {
        "symbol": line.symbol,
        "standardCommission": rates | {"buyer": none, "seller": none},
        "specialCommission": nothing,
        "taxCommission": nothing,
        "discount": {
            "enabledForAccount": False,
            "enabledForSymbol": False,
            "discountAsset": line.listing.quote,
            "discount": none,
        },
    }


def order_counts(side: SpotSide, asked: Asked) -> object:
    """`GET rateLimit/order`: how many orders the running windows hold."""
    return side.order_counts(asked.account.name, asked.now_ms)


def open_stream(side: SpotSide, asked: Asked) -> object:
    """`POST userDataStream`: a listen key."""
    return {"listenKey": side.streams.open(asked.account.name, asked.now_ms)}


def keep_stream(side: SpotSide, asked: Asked) -> object:
    """`PUT userDataStream`: another hour for it."""
    side.streams.keep(asked.account.name, asked.parameters.required("listenKey"), asked.now_ms)
    return {}


def close_stream(side: SpotSide, asked: Asked) -> object:
    """`DELETE userDataStream`."""
    side.streams.close(asked.account.name, asked.parameters.required("listenKey"))
    return {}


def _trades_weight(parameters: Parameters) -> int:
    return 5 if parameters.number("orderId") is not None else 20


ROUTES: tuple[Route, ...] = (
    Route("GET", "/api/v3/account", account, 20, "signed", 0, "account.status"),
    Route("GET", "/api/v3/myTrades", trades, _trades_weight, "signed", 0, "myTrades"),
    Route("GET", "/api/v3/account/commission", commission, 20, "signed", 0, "account.commission"),
    Route("GET", "/api/v3/rateLimit/order", order_counts, 40, "signed", 0, "account.rateLimits.orders"),
    Route("POST", "/api/v3/userDataStream", open_stream, 2, "key", 0, "userDataStream.start"),
    Route("PUT", "/api/v3/userDataStream", keep_stream, 2, "key", 0, "userDataStream.ping"),
    Route("DELETE", "/api/v3/userDataStream", close_stream, 2, "key", 0, "userDataStream.stop"),
)
