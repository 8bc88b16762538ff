"""`/api/orders/`: placing, looking up, amending and cancelling orders."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Header, Query, Router, Schema
from pydantic import ConfigDict, Field, StrictBool

from candlewick.core.errors import UnknownOrder
from candlewick.runtime.accounts.shapes import encode, order_json
from candlewick.web import desk
from candlewick.web.api import schemas
from candlewick.web.api.paging import passed_on, records_page
from candlewick.web.api.when import utc_ns
from candlewick.web.limits import count_order
from candlewick.web.people.accounts import chosen, require_trade
from candlewick.web.services import services_of

router = Router(tags=["orders"])

Number = Annotated[Decimal, Field(gt=0, max_digits=36, decimal_places=18, allow_inf_nan=False)]
Account = Annotated[str | int | None, Field(description="Number or name; your chosen account if left out.")]
Key = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=128)]
_STATUSES: Final = (
    "working", "IN_FLIGHT", "OPEN", "PARTLY_FILLED", "CANCEL_IN_FLIGHT", "FILLED", "CANCELLED", "REJECTED",
    "EXPIRED",
)  # fmt: skip


class NewOrder(Schema):
    """What is to be bought or sold, and how. One of `quantity`, `notional` and `equity_pct` says how much."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"symbol": "BTCUSDT", "side": "buy", "quantity": 0.01, "order_type": "market"},
                {
                    "symbol": "BTCUSDT-PERP",
                    "side": "sell",
                    "quantity": 0.05,
                    "order_type": "limit",
                    "limit_price": 71250.5,
                    "post_only": True,
                    "stop_loss": 72000,
                    "take_profit": 69000,
                },
            ]
        },
    )

    symbol: Annotated[str, Field(min_length=1, max_length=80)]
    side: Literal["buy", "sell"]
    order_type: Literal["market", "limit", "stop", "stop_limit", "take_profit", "trailing_stop"]
    quantity: Number | None = None
    notional: Annotated[Number | None, Field(description="Size in quote; turned into whole lots.")] = None
    equity_pct: Annotated[Number | None, Field(description="Size in percent of equity.")] = None
    limit_price: Number | None = None
    stop_price: Number | None = None
    trail: Annotated[
        str | Number | None, Field(description='A distance in price (`150`) or in percent (`"1.5%"`).')
    ] = None
    time_in_force: Literal["GTC", "IOC", "FOK", "GTD"] | None = None
    good_till: Annotated[str | None, Field(max_length=40, description="ISO 8601, for GTD.")] = None
    post_only: StrictBool = False
    reduce_only: StrictBool = False
    stop_loss: Number | None = None
    take_profit: Number | None = None
    oco: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=40,
            pattern=r"^[A-Za-z0-9_.:@-]+$",
            description="A word of your own: when one order that has it is filled, the others end.",
        ),
    ] = None
    account: Account = None

    def request(self) -> dict[str, Any]:
        """The arguments of the engine's verb: Decimals as text, so that none passes through a float."""
        given = self.model_dump(exclude={"account"}, exclude_none=True)
        return {name: str(each) if isinstance(each, Decimal) else each for name, each in given.items()}


class OrderChanges(Schema):
    """What of a working order is to be changed; what is left out stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"limit_price": 70900}]})

    quantity: Number | None = None
    limit_price: Number | None = None
    stop_price: Number | None = None
    trail: str | Number | None = None


@router.post(
    "/",
    response={201: schemas.Order, 422: schemas.Refusal, 409: schemas.Problem, 429: schemas.Problem},
    summary="Place an order",
)
def place(request: HttpRequest, order: NewOrder, idempotency_key: Key = None) -> HttpResponse:
    """Past the risk door, into the journal, and on its way: 201 with the order `IN_FLIGHT` or further.

    The door's refusal is a 422 with its `code`, and `limit` and `value` where a number decided. The same
    `Idempotency-Key` never makes a second order: it answers with the first; with other terms it is a 409.
    """
    access = require_trade(request, order.account)
    count_order(access)
    arguments = order.request() | {"symbol": desk.require_symbol(request, order.symbol)}
    body = desk.act(request, access, "order.place", origin="api", key=idempotency_key, **arguments)
    return passed_on(body, status=201)


@router.post("/preview/", response={200: schemas.Preview}, summary="What an order would cost and risk")
def preview(request: HttpRequest, order: NewOrder) -> HttpResponse:
    """The same door as for the order itself, and nothing is sent; `refusal` says what is in its way."""
    access = chosen(request, order.account)
    arguments = order.request() | {"symbol": desk.require_symbol(request, order.symbol)}
    return passed_on(desk.ask(request, access, "order.preview", **arguments))


@router.get("/", response={200: schemas.Orders}, summary="Orders, newest first")
def listing(
    request: HttpRequest,
    status: Annotated[Literal[_STATUSES] | None, Query()] = None,  # type: ignore[valid-type]
    symbol: str | None = None,
    start: str | None = None,
    end: str | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    account: str | None = None,
) -> HttpResponse:
    """Every order of an account; `status=working` gives those that can still be filled, all of them."""
    access = chosen(request, account)
    if status == "working":
        found = desk.ask(request, access, "account.orders")
        return passed_on(b'{"items":' + found + b',"next":null}')
    page = services_of(request).records.orders(
        access.id,
        status=status,
        symbol=desk.require_symbol(request, symbol) if symbol else None,
        start=utc_ns(start, "start"),
        end=utc_ns(end, "end"),
        cursor=cursor,
        limit=limit,
    )
    primary = services_of(request).primary
    return records_page([encode(order_json(order, primary=primary)) for order in page.items], page.next)


@router.get("/{order_id}/", response={200: schemas.Order, 404: schemas.Problem}, summary="One order")
def one(request: HttpRequest, order_id: str, account: str | None = None) -> HttpResponse:
    """An order, working or done."""
    access = chosen(request, account)
    return passed_on(desk.ask(request, access, "order.get", order_id=_checked(order_id)))


@router.patch(
    "/{order_id}/",
    response={200: schemas.Order, 404: schemas.Problem, 409: schemas.Problem, 422: schemas.Refusal},
    summary="Amend an order",
)
def amend(
    request: HttpRequest, order_id: str, changes: OrderChanges, account: str | None = None
) -> HttpResponse:
    """Other prices or another quantity for a working order; past the door, as a new one."""
    access = require_trade(request, account)
    count_order(access)
    given = changes.model_dump(exclude_none=True)
    arguments = {name: str(each) for name, each in given.items()}
    return passed_on(desk.act(request, access, "order.amend", order_id=_checked(order_id), **arguments))


@router.delete(
    "/{order_id}/",
    response={200: schemas.Order, 404: schemas.Problem, 409: schemas.Problem},
    summary="Cancel an order",
)
def cancel(request: HttpRequest, order_id: str, account: str | None = None) -> HttpResponse:
    """Its cancellation is on its way; it can still be filled until it is `CANCELLED`."""
    access = require_trade(request, account)
    return passed_on(desk.act(request, access, "order.cancel", order_id=_checked(order_id)))


@router.delete("/", response={200: list[schemas.Order]}, summary="Cancel all orders")
def cancel_all(request: HttpRequest, symbol: str | None = None, account: str | None = None) -> HttpResponse:
    """Every working order of the account, or of one symbol; answers those whose cancellation was sent."""
    access = require_trade(request, account)
    instrument = desk.require_symbol(request, symbol) if symbol else None
    return passed_on(desk.act(request, access, "order.cancel_all", symbol=instrument))


def _checked(order_id: str) -> str:
    if not order_id.isascii() or len(order_id) > 64:
        raise UnknownOrder(order_id[:64])
    return order_id
