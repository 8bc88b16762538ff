"""`/api/dashboard/portfolio/` and `/api/positions/`: what an account owns, and closing it."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema
from pydantic import ConfigDict, Field, StrictBool

from candlewick.web import desk
from candlewick.web.api import schemas
from candlewick.web.api.paging import passed_on
from candlewick.web.limits import count_order
from candlewick.web.people.accounts import chosen, require_risk, require_trade

portfolio = Router(tags=["portfolio"])
positions = Router(tags=["portfolio"])


class Closing(Schema):
    """What to close: one position, or all if no symbol is given."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"symbol": "BTCUSDT-PERP"}]})

    symbol: Annotated[str | None, Field(max_length=80)] = None
    reverse: StrictBool = False
    account: str | int | None = None


class Leverage(Schema):
    """Leverage and margin mode of one perpetual."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"symbol": "BTCUSDT-PERP", "leverage": 5, "margin_mode": "isolated"}]
        },
    )

    symbol: Annotated[str, Field(min_length=1, max_length=80)]
    leverage: Annotated[Decimal, Field(ge=1, le=200, max_digits=6, allow_inf_nan=False)]
    margin_mode: Literal["cross", "isolated"] = "cross"
    account: str | int | None = None


@portfolio.get("/", response={200: schemas.Portfolio}, summary="The account at a glance")
def summary(request: HttpRequest, account: str | None = None) -> HttpResponse:
    """Value, profit and margin now; without `account`, of the one you have chosen."""
    return passed_on(desk.ask(request, chosen(request, account), "account.portfolio"))


@portfolio.get("/positions/", response={200: list[schemas.Position]}, summary="Positions")
def held(request: HttpRequest, account: str | None = None) -> HttpResponse:
    """Everything held, spot and perpetual alike, valued at the mark."""
    return passed_on(desk.ask(request, chosen(request, account), "account.positions"))


@portfolio.get("/orders/", response={200: list[schemas.Order]}, summary="Working orders")
def working(request: HttpRequest, account: str | None = None) -> HttpResponse:
    """Orders that can still be filled."""
    return passed_on(desk.ask(request, chosen(request, account), "account.orders"))


@portfolio.get("/balance/", response={200: list[schemas.Balance]}, summary="Balances")
def balance(request: HttpRequest, account: str | None = None) -> HttpResponse:
    """Cash by currency: in all, free, and locked by orders."""
    return passed_on(desk.ask(request, chosen(request, account), "account.balances"))


@positions.post(
    "/close/",
    response={200: list[schemas.Order], 409: schemas.Problem, 422: schemas.Refusal},
    summary="Close or reverse positions",
)
def close(request: HttpRequest, closing: Closing) -> HttpResponse:
    """Market orders that only reduce; `reverse` turns one position round. Answers the orders it took."""
    access = require_trade(request, closing.account)
    if closing.reverse:  # whoever has run out of orders can still get out
        count_order(access)
    symbol = desk.require_symbol(request, closing.symbol) if closing.symbol else None
    body = desk.act(request, access, "position.close", symbol=symbol, reverse=closing.reverse, origin="api")
    return passed_on(body)


@positions.put("/leverage/", response={200: list[schemas.Position]}, summary="Set leverage")
def leverage(request: HttpRequest, wanted: Leverage) -> HttpResponse:
    """Leverage and margin mode of a perpetual, for the position held and those to come.

    The venue of a live account is asked for it, and its answer is waited for: 409 is what it refuses; 503,
    that it could not be asked or has not answered yet, and then what it takes shows in the position.
    """
    access = require_risk(request, wanted.account)
    body = desk.act(
        request,
        access,
        "account.leverage",
        symbol=desk.require_symbol(request, wanted.symbol),
        leverage=str(wanted.leverage),
        margin_mode=wanted.margin_mode,
    )
    return passed_on(body)
