"""`exchangeInfo`: what is listed, in which steps, under which limits."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from candlewick.venues.sim.desk.algo import MOST_WAITING
from candlewick.venues.sim.model import Listing
from candlewick.venues.sim.server import futures_rules, spot_rules
from candlewick.venues.sim.server.figures import Figures, fixed
from candlewick.venues.sim.server.order_limits import ORDER_LIMITS

SPOT_WEIGHT_PER_MINUTE = 6_000
FUTURES_WEIGHT_PER_MINUTE = 2_400
PERPETUAL_DELIVERY_MS = 4_133_404_800_000


def spot(listings: Iterable[Listing], now_ms: int) -> dict[str, object]:
    """The body of `GET /api/v3/exchangeInfo`."""
    return {
        "timezone": "UTC",
        "serverTime": now_ms,
        "rateLimits": [
            _limit("REQUEST_WEIGHT", "MINUTE", 1, SPOT_WEIGHT_PER_MINUTE),
            *(limit.told() for limit in ORDER_LIMITS["spot"]),
            _limit("RAW_REQUESTS", "MINUTE", 5, 61_000),
        ],
        "exchangeFilters": [],
        "symbols": [_spot_symbol(listing) for listing in listings],
    }


def futures(listings: Iterable[Listing], now_ms: int) -> dict[str, object]:
    """The body of `GET /fapi/v1/exchangeInfo`."""
    listed = list(listings)
    margin_assets = dict.fromkeys(listing.quote for listing in listed)
    return {
        "timezone": "UTC",
        "serverTime": now_ms,
        "futuresType": "U_MARGINED",
        "rateLimits": [
            _limit("REQUEST_WEIGHT", "MINUTE", 1, FUTURES_WEIGHT_PER_MINUTE),
            *(limit.told() for limit in ORDER_LIMITS["perp"]),
        ],
        "exchangeFilters": [],
        "assets": [
            {"asset": asset, "marginAvailable": True, "autoAssetExchange": "-10000"}
            for asset in margin_assets
        ],
        "symbols": [_perpetual(listing) for listing in listed],
    }


def _limit(kind: str, interval: str, count: int, limit: int) -> dict[str, object]:
    return {"rateLimitType": kind, "interval": interval, "intervalNum": count, "limit": limit}


def _spot_symbol(listing: Listing) -> dict[str, object]:
    figures = Figures(listing)
    return {
        "symbol": listing.symbol,
        "status": "TRADING",
        "baseAsset": listing.base,
        "baseAssetPrecision": 8,
        "quoteAsset": listing.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": [
            "LIMIT",
            "LIMIT_MAKER",
            "MARKET",
            "STOP_LOSS",
            "STOP_LOSS_LIMIT",
            "TAKE_PROFIT",
            "TAKE_PROFIT_LIMIT",
        ],
        "icebergAllowed": False,
        "ocoAllowed": True,
        "otoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": True,
        "cancelReplaceAllowed": True,
        "amendAllowed": True,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": [
            *_steps(figures, spot_rules.MOST_LOTS),
            {
                "filterType": "NOTIONAL",
                "minNotional": _amount(listing.min_notional, 8),
                "applyMinToMarket": True,
                "maxNotional": _amount(spot_rules.MOST_VALUE, 8),
                "applyMaxToMarket": False,
                "avgPriceMins": 5,
            },
            {
                "filterType": "PERCENT_PRICE_BY_SIDE",
                "bidMultiplierUp": f"{spot_rules.PRICE_TIMES[0]}",
                "bidMultiplierDown": f"{spot_rules.PRICE_TIMES[1]}",
                "askMultiplierUp": f"{spot_rules.PRICE_TIMES[0]}",
                "askMultiplierDown": f"{spot_rules.PRICE_TIMES[1]}",
                "avgPriceMins": 5,
            },
            {
                "filterType": "TRAILING_DELTA",
                "minTrailingAboveDelta": spot_rules.TRAILING_BIPS[0],
                "maxTrailingAboveDelta": spot_rules.TRAILING_BIPS[1],
                "minTrailingBelowDelta": spot_rules.TRAILING_BIPS[0],
                "maxTrailingBelowDelta": spot_rules.TRAILING_BIPS[1],
            },
            {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": spot_rules.MOST_OPEN_ORDERS},
            {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": spot_rules.MOST_CONDITIONAL},
        ],
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": ["NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"],
        # The real venue says these of its futures alone. Here spot has them too, so that a reader can
        # tell an equity from a coin, and knows its sector.
        **_underlying(listing),
    }


def _perpetual(listing: Listing) -> dict[str, object]:
    figures = Figures(listing)
    lot = figures.quantity(1)
    return {
        "symbol": listing.symbol,
        "pair": listing.symbol,
        "contractType": "PERPETUAL",
        "deliveryDate": PERPETUAL_DELIVERY_MS,
        "onboardDate": listing.listed_ms,
        "status": "TRADING",
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": listing.base,
        "quoteAsset": listing.quote,
        "marginAsset": listing.quote,
        "pricePrecision": figures.price_decimals,
        "quantityPrecision": figures.quantity_decimals,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        **_underlying(listing),
        "triggerProtect": "0.0500",
        "liquidationFee": "0.012500",
        "marketTakeBound": "0.05",
        "maxMoveOrderLimit": 10_000,
        "filters": [
            *_steps(figures, futures_rules.MOST_LOTS),
            {
                "filterType": "MARKET_LOT_SIZE",
                "minQty": lot,
                "maxQty": figures.quantity(futures_rules.MOST_LOTS // 10),
                "stepSize": lot,
            },
            {"filterType": "MAX_NUM_ORDERS", "limit": futures_rules.MOST_OPEN_ORDERS},
            {"filterType": "MAX_NUM_ALGO_ORDERS", "limit": MOST_WAITING},
            {"filterType": "MIN_NOTIONAL", "notional": _amount(listing.min_notional, 0)},
            {
                "filterType": "PERCENT_PRICE",
                "multiplierUp": f"{1 + futures_rules.BAND:.4f}",
                "multiplierDown": f"{1 - futures_rules.BAND:.4f}",
                "multiplierDecimal": "4",
            },
        ],
        "orderTypes": [
            "LIMIT",
            "MARKET",
            "STOP",
            "STOP_MARKET",
            "TAKE_PROFIT",
            "TAKE_PROFIT_MARKET",
            "TRAILING_STOP_MARKET",
        ],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX", "GTD"],
    }


def _steps(figures: Figures, most: int) -> tuple[dict[str, object], ...]:
    """The filters of tick and lot."""
    tick, lot = figures.price(1), figures.quantity(1)
    return (
        {
            "filterType": "PRICE_FILTER",
            "minPrice": tick,
            "maxPrice": figures.price(most),
            "tickSize": tick,
        },
        {"filterType": "LOT_SIZE", "minQty": lot, "maxQty": figures.quantity(most), "stepSize": lot},
    )


def _underlying(listing: Listing) -> dict[str, object]:
    return {"underlyingType": "EQUITY" if listing.equity else "COIN", "underlyingSubType": [listing.sector]}


def _amount(value: Decimal, decimals: int) -> str:
    return fixed(int(value.scaleb(decimals)), decimals)
