"""USDⓈ-M settings over REST: leverage, margin type, isolated margin, modes, brackets."""

from __future__ import annotations

from candlewick.venues.sim.desk.brackets import brackets_of
from candlewick.venues.sim.refusal import Refusal
from candlewick.venues.sim.server import errors
from candlewick.venues.sim.server.futures_account import position_of, symbol_of
from candlewick.venues.sim.server.futures_orders import by_symbol
from candlewick.venues.sim.server.routes import Asked, Route
from candlewick.venues.sim.server.sides import PerpSide


def leverage(side: PerpSide, asked: Asked) -> object:
    """`POST leverage`."""
    listing = side.front.line(asked.parameters.required_symbol()).listing
    wanted = asked.parameters.number("leverage")
    if wanted is None:
        raise errors.missing("leverage")
    trader = asked.account.perp
    side.desk.set_leverage(trader, listing, wanted)
    most = side.desk.most_value(trader.position(listing))
    return {"symbol": listing.symbol, "leverage": wanted, "maxNotionalValue": str(most)}


def margin_type(side: PerpSide, asked: Asked) -> object:
    """`POST marginType`."""
    listing = side.front.line(asked.parameters.required_symbol()).listing
    wanted = asked.parameters.choice("marginType", ("ISOLATED", "CROSSED"))
    if wanted is None:
        raise errors.missing("marginType")
    side.desk.set_isolated(asked.account.perp, listing, wanted == "ISOLATED")
    return {"code": 200, "msg": "success"}


def position_margin(side: PerpSide, asked: Asked) -> object:
    """`POST positionMargin`: type 1 adds, type 2 takes away."""
    parameters = asked.parameters
    listing = side.front.line(parameters.required_symbol()).listing
    value, kind = parameters.decimal("amount"), parameters.number("type")
    if value is None or not value:
        raise errors.missing("amount")
    if kind not in (1, 2):
        raise errors.invalid("type")
    parameters.text("positionSide")
    side.desk.move_margin(asked.account.perp, listing, value if kind == 1 else -value)
    return {
        "amount": float(value),
        "code": 200,
        "msg": "Successfully modify position margin.",
        "type": kind,
    }


def position_mode(side: PerpSide, asked: Asked) -> object:
    """`GET positionSide/dual`: positions are one-way."""
    return {"dualSidePosition": False}


def set_position_mode(side: PerpSide, asked: Asked) -> object:
    """`POST positionSide/dual`: there is no hedge mode here."""
    if asked.parameters.boolean("dualSidePosition"):
        raise Refusal(-4059, "Hedge mode is not offered by the simulated exchange.")
    raise Refusal(-4059, "No need to change position side.")


def assets_mode(side: PerpSide, asked: Asked) -> object:
    """`GET multiAssetsMargin`: one asset stands for one perpetual."""
    return {"multiAssetsMargin": False}


def brackets(side: PerpSide, asked: Asked) -> object:
    """`GET leverageBracket`."""
    symbol = symbol_of(side, asked)
    return [
        {
            "symbol": line.symbol,
            "notionalCoef": 1.0,
            "brackets": [
                {
                    "bracket": row.number,
                    "initialLeverage": row.leverage,
                    "notionalCap": int(row.cap),
                    "notionalFloor": int(row.floor),
                    "maintMarginRatio": float(row.ratio),
                    "cum": float(row.deducted),
                }
                for row in brackets_of(line.listing)
            ],
        }
        for line in side.front.lines.values()
        if symbol in (None, line.symbol)
    ]


def symbol_config(side: PerpSide, asked: Asked) -> object:
    """`GET symbolConfig`: leverage and margin type."""
    symbol, trader = symbol_of(side, asked), asked.account.perp
    rows = []
    for line in side.front.lines.values():
        if symbol in (None, line.symbol):
            position = position_of(trader, line.listing)
            rows.append(
                {
                    "symbol": line.symbol,
                    "marginType": "ISOLATED" if position.isolated else "CROSSED",
                    "isAutoAddMargin": False,
                    "leverage": position.leverage,
                    "maxNotionalValue": str(side.desk.most_value(position)),
                }
            )
    return rows


def account_config(side: PerpSide, asked: Asked) -> object:
    """`GET accountConfig`."""
    return {
        "feeTier": 0,
        "canTrade": True,
        "canDeposit": False,
        "canWithdraw": False,
        "dualSidePosition": False,
        "updateTime": 0,
        "multiAssetsMargin": False,
        "tradeGroupId": -1,
    }


ROUTES: tuple[Route, ...] = (
    Route("POST", "/fapi/v1/leverage", leverage, 1, "trade"),
    Route("POST", "/fapi/v1/marginType", margin_type, 1, "trade"),
    Route("POST", "/fapi/v1/positionMargin", position_margin, 1, "trade"),
    Route("GET", "/fapi/v1/positionSide/dual", position_mode, 30),
    Route("POST", "/fapi/v1/positionSide/dual", set_position_mode, 1, "trade"),
    Route("GET", "/fapi/v1/multiAssetsMargin", assets_mode, 30),
    Route("GET", "/fapi/v1/leverageBracket", brackets, by_symbol(1, 1)),
    Route("GET", "/fapi/v1/symbolConfig", symbol_config, 5),
    Route("GET", "/fapi/v1/accountConfig", account_config, 5),
)
