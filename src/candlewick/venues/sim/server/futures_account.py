"""A USDⓈ-M account over REST and the WebSocket API: wallets, positions, settings, trades, listen keys."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from candlewick.venues.sim.desk.margin import PerpTrader, Position
from candlewick.venues.sim.desk.orders import ZERO
from candlewick.venues.sim.model import Listing
from candlewick.venues.sim.server.futures_orders import span
from candlewick.venues.sim.server.routes import Asked, Route
from candlewick.venues.sim.server.sides import PerpSide
from candlewick.venues.sim.server.spot_reports import money


def _assets(side: PerpSide, trader: PerpTrader) -> list[str]:
    margin = {line.listing.quote: None for line in side.front.lines.values()}
    return list(margin | dict.fromkeys(trader.wallets))


def _wallet(side: PerpSide, trader: PerpTrader, asset: str) -> dict[str, Any]:
    mark = side.desk.mark
    wallet, unrealized = trader.wallet(asset), trader.unrealized(asset, mark)
    orders = sum(
        (trader.orders_margin(each.listing, mark(each.listing)) for each in _used(trader, asset)), ZERO
    )
    positions = sum((each.initial(mark(each.listing)) for each in _used(trader, asset)), ZERO)
    upkeep = sum((each.maintenance(mark(each.listing)) for each in _used(trader, asset)), ZERO)
    available = trader.available(asset, mark)
    return {
        "asset": asset,
        "walletBalance": money(wallet),
        "unrealizedProfit": money(unrealized),
        "marginBalance": money(wallet + unrealized),
        "maintMargin": money(upkeep),
        "initialMargin": money(positions + orders),
        "positionInitialMargin": money(positions),
        "openOrderInitialMargin": money(orders),
        "crossWalletBalance": money(trader.cross_wallet(asset)),
        "crossUnPnl": money(trader.unrealized(asset, mark, cross_only=True)),
        "availableBalance": money(available),
        "maxWithdrawAmount": money(min(available, max(trader.cross_wallet(asset), ZERO))),
        "marginAvailable": True,
        "updateTime": side.front.stamp(trader.updated_ms) if trader.updated_ms else 0,
    }


def _used(trader: PerpTrader, asset: str) -> list[Position]:
    return [each for each in trader.positions.values() if each.listing.quote == asset]


def _totals(assets: list[dict[str, Any]]) -> dict[str, str]:
    names = {
        "totalInitialMargin": "initialMargin",
        "totalMaintMargin": "maintMargin",
        "totalWalletBalance": "walletBalance",
        "totalUnrealizedProfit": "unrealizedProfit",
        "totalMarginBalance": "marginBalance",
        "totalPositionInitialMargin": "positionInitialMargin",
        "totalOpenOrderInitialMargin": "openOrderInitialMargin",
        "totalCrossWalletBalance": "crossWalletBalance",
        "totalCrossUnPnl": "crossUnPnl",
        "availableBalance": "availableBalance",
        "maxWithdrawAmount": "maxWithdrawAmount",
    }
    # every perpetual here settles in the same asset, so that sums need no conversion
    return {name: money(sum((Decimal(row[key]) for row in assets), ZERO)) for name, key in names.items()}


def account(side: PerpSide, asked: Asked) -> object:
    """`GET account`, version 3: with the positions that are held or have orders."""
    trader = asked.account.perp
    assets = [_wallet(side, trader, asset) for asset in _assets(side, trader)]
    keys = (
        "symbol",
        "positionSide",
        "positionAmt",
        "unRealizedProfit",
        "isolatedMargin",
        "notional",
        "isolatedWallet",
        "initialMargin",
        "maintMargin",
        "updateTime",
    )
    positions = []
    for position in _active(trader):
        row = side.reports.risk(trader, position)
        shown = {key: row[key] for key in keys}
        shown["unrealizedProfit"] = shown.pop("unRealizedProfit")
        positions.append(shown)
    return {**_totals(assets), "assets": assets, "positions": positions}


def _active(trader: PerpTrader) -> list[Position]:
    return [
        each for each in trader.positions.values() if each.lots or any(trader.open_in(each.listing.symbol))
    ]


def account_of_all(side: PerpSide, asked: Asked) -> object:
    """`GET account`, version 2: with every symbol there is, and its settings."""
    trader = asked.account.perp
    assets = [_wallet(side, trader, asset) for asset in _assets(side, trader)]
    return {
        "feeTier": 0,
        "feeBurn": False,
        "canTrade": True,
        "canDeposit": False,
        "canWithdraw": False,
        "updateTime": 0,
        "multiAssetsMargin": False,
        "tradeGroupId": -1,
        **_totals(assets),
        "assets": assets,
        "positions": [
            _setting(side, trader, position_of(trader, line.listing)) for line in side.front.lines.values()
        ],
    }


def position_of(trader: PerpTrader, listing: Listing) -> Position:
    """The position, without making one in the account only because somebody asked."""
    return trader.positions.get(listing.symbol) or Position(listing)


def _setting(side: PerpSide, trader: PerpTrader, position: Position) -> dict[str, Any]:
    row: dict[str, Any] = {
        "symbol": position.listing.symbol,
        "leverage": str(position.leverage),
        "isolated": position.isolated,
        "positionSide": "BOTH",
        "maxNotional": str(side.desk.most_value(position)),
    }
    if not position.lots:
        nothing = money(ZERO)
        return row | {
            "initialMargin": nothing,
            "maintMargin": nothing,
            "unrealizedProfit": nothing,
            "positionInitialMargin": nothing,
            "openOrderInitialMargin": nothing,
            "entryPrice": nothing,
            "breakEvenPrice": nothing,
            "positionAmt": side.reports.quantity(position),
            "notional": "0",
            "isolatedWallet": "0",
            "bidNotional": "0",
            "askNotional": "0",
            "updateTime": 0,
        }
    risk = side.reports.risk(trader, position)
    names = (
        "initialMargin",
        "maintMargin",
        "positionInitialMargin",
        "openOrderInitialMargin",
        "entryPrice",
        "breakEvenPrice",
        "positionAmt",
        "notional",
        "isolatedWallet",
        "bidNotional",
        "askNotional",
        "updateTime",
    )
    return row | {"unrealizedProfit": risk["unRealizedProfit"], **{name: risk[name] for name in names}}


def balance(side: PerpSide, asked: Asked) -> object:
    """`GET balance`, versions 2 and 3."""
    trader = asked.account.perp
    rows = []
    for asset in _assets(side, trader):
        wallet = _wallet(side, trader, asset)
        rows.append(
            {
                "accountAlias": "candlewick",
                "asset": asset,
                "balance": wallet["walletBalance"],
                "crossWalletBalance": wallet["crossWalletBalance"],
                "crossUnPnl": wallet["crossUnPnl"],
                "availableBalance": wallet["availableBalance"],
                "maxWithdrawAmount": wallet["maxWithdrawAmount"],
                "marginAvailable": True,
                "updateTime": wallet["updateTime"],
            }
        )
    return rows


def risk(side: PerpSide, asked: Asked) -> object:
    """`GET positionRisk`, version 3: the positions that are held or have orders."""
    symbol, trader = symbol_of(side, asked), asked.account.perp
    return [
        side.reports.risk(trader, each) for each in _active(trader) if symbol in (None, each.listing.symbol)
    ]


def risk_of_all(side: PerpSide, asked: Asked) -> object:
    """`GET positionRisk`, version 2: every symbol there is."""
    symbol, trader = symbol_of(side, asked), asked.account.perp
    return [
        side.reports.risk_with_settings(trader, position_of(trader, line.listing))
        for line in side.front.lines.values()
        if symbol in (None, line.symbol)
    ]


def symbol_of(side: PerpSide, asked: Asked) -> str | None:
    symbol = asked.parameters.symbol()
    return None if symbol is None else side.front.line(symbol).symbol


def commission(side: PerpSide, asked: Asked) -> object:
    """`GET commissionRate`."""
    line = side.front.line(asked.parameters.required_symbol())
    return {
        "symbol": line.symbol,
        "makerCommissionRate": f"{side.desk.maker_rate:.6f}",
        "takerCommissionRate": f"{side.desk.taker_rate:.6f}",
    }


def trades(side: PerpSide, asked: Asked) -> object:
    """`GET userTrades`: by order, by id, by time, or the newest."""
    parameters = asked.parameters
    symbol = side.front.line(parameters.required_symbol()).symbol
    order_id, from_id = parameters.number("orderId"), parameters.number("fromId")
    limit = parameters.limit(default=500, most=1000, strict=True)
    start, end = span(side, asked)
    found = asked.account.perp.find_fills(
        symbol, order_id=order_id, from_id=from_id, start_ms=start, end_ms=end, limit=limit
    )
    return [side.reports.trade(fill) for fill in found]


def income(side: PerpSide, asked: Asked) -> object:
    """`GET income`: funding, commissions, profits and what else moved the wallet."""
    parameters = asked.parameters
    symbol, kind = parameters.symbol(), parameters.text("incomeType")
    limit, page = parameters.limit(default=100, most=1000, strict=True), parameters.number("page") or 1
    start, end = side.times(asked)
    found = [
        row
        for row in side.desk.cashier.incomes[asked.account.perp]
        if symbol in (None, row.symbol)
        and kind in (None, row.kind)
        and (start is None or row.ts_ms >= start)
        and (end is None or row.ts_ms <= end)
    ]
    chosen = found[-limit:] if start is None and page == 1 else found[(page - 1) * limit : page * limit]
    return [side.reports.income(row) for row in chosen]


def order_counts(side: PerpSide, asked: Asked) -> object:
    """`GET rateLimit/order`."""
    return side.order_counts(asked.account.name, asked.now_ms)


def open_stream(side: PerpSide, asked: Asked) -> object:
    """`POST listenKey`."""
    return {"listenKey": side.streams.open(asked.account.name, asked.now_ms)}


def keep_stream(side: PerpSide, asked: Asked) -> object:
    """`PUT listenKey`: another hour for the account's."""
    key = asked.parameters.text("listenKey")
    return {"listenKey": side.streams.keep(asked.account.name, key, asked.now_ms)}


def close_stream(side: PerpSide, asked: Asked) -> object:
    """`DELETE listenKey`."""
    side.streams.close(asked.account.name, asked.parameters.text("listenKey"))
    return {}


ROUTES: tuple[Route, ...] = (
    Route("GET", "/fapi/v3/account", account, 5, method="v2/account.status"),
    Route("GET", "/fapi/v2/account", account_of_all, 5, method="account.status"),
    Route("GET", "/fapi/v3/balance", balance, 5, method="v2/account.balance"),
    Route("GET", "/fapi/v2/balance", balance, 5, method="account.balance"),
    Route("GET", "/fapi/v3/positionRisk", risk, 5, method="v2/account.position"),
    Route("GET", "/fapi/v2/positionRisk", risk_of_all, 5, method="account.position"),
    Route("GET", "/fapi/v1/commissionRate", commission, 20),
    Route("GET", "/fapi/v1/userTrades", trades, 5),
    Route("GET", "/fapi/v1/income", income, 30),
    Route("GET", "/fapi/v1/rateLimit/order", order_counts, 1),
    Route("POST", "/fapi/v1/listenKey", open_stream, 1, "key", method="userDataStream.start"),
    Route("PUT", "/fapi/v1/listenKey", keep_stream, 1, "key", method="userDataStream.ping"),
    Route("DELETE", "/fapi/v1/listenKey", close_stream, 1, "key", method="userDataStream.stop"),
)
