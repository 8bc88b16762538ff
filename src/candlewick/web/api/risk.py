"""`/api/risk/`: limits, their use, the trading state and the kill switch."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema
from pydantic import ConfigDict, Field, StrictBool

from candlewick.web import desk
from candlewick.web.api import schemas
from candlewick.web.api.paging import passed_on
from candlewick.web.people.accounts import chosen, require_risk, require_trade

router = Router(tags=["risk"])
Amount = Annotated[Decimal, Field(ge=0, max_digits=30, allow_inf_nan=False)]
Reason = Annotated[str, Field(max_length=200)]


class KillSwitch(Schema):
    """Whether positions are to be closed too, and why."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"flatten": True, "reason": "leaving the desk"}]}
    )

    flatten: StrictBool = False
    reason: Reason = ""
    account: str | int | None = None


class State(Schema):
    """What the account may do from now on."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"state": "ACTIVE"}]})

    state: Literal["ACTIVE", "REDUCING", "HALTED"]
    reason: Reason = ""
    account: str | int | None = None


class LimitChanges(Schema):
    """Limits to set; what is left out stays, and null switches a limit off."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"max_order_notional": 20000, "max_daily_loss_pct": 5}]},
    )

    symbols: Annotated[list[str] | None, Field(max_length=1000)] = None
    max_order_notional: Amount | None = None
    max_position_notional: Amount | None = None
    max_gross_notional: Amount | None = None
    max_leverage: Amount | None = None
    max_margin_pct: Amount | None = None
    price_band_pct: Amount | None = None
    max_daily_loss: Amount | None = None
    max_daily_loss_pct: Amount | None = None
    max_drawdown_pct: Amount | None = None
    max_orders_per_minute: Annotated[int | None, Field(ge=0, le=100_000, strict=True)] = None
    max_open_orders: Annotated[int | None, Field(ge=0, le=100_000, strict=True)] = None
    max_sector_pct: Amount | None = None
    max_correlated_pct: Amount | None = None
    max_data_age_s: Amount | None = None
    warn_pct: Annotated[Decimal, Field(ge=0, le=100)] = Decimal(80)
    halt_on_breach: StrictBool = False


@router.get("/", response={200: schemas.Risk}, summary="Risk now")
def risk(request: HttpRequest, account: str | None = None) -> HttpResponse:
    """Limits with their use, margin, exposures and the kill switch."""
    return passed_on(desk.ask(request, chosen(request, account), "account.risk"))


@router.get("/tail/", response={200: schemas.TailRisk}, summary="What a bad day may cost")
def tail(request: HttpRequest, account: str | None = None) -> HttpResponse:
    """Value at risk and expected shortfall of a day, historical and parametric, and stated shocks."""
    return passed_on(desk.ask(request, chosen(request, account), "risk.tail"))


@router.get("/limits/", response={200: schemas.Limits}, summary="Limits")
def limits(request: HttpRequest, account: str | None = None) -> HttpResponse:
    """The limits in force."""
    return passed_on(desk.ask(request, chosen(request, account), "risk.limits"))


@router.put("/limits/", response={200: schemas.Limits, 422: schemas.Problem}, summary="Set limits")
def set_limits(request: HttpRequest, changes: LimitChanges, account: str | None = None) -> HttpResponse:
    """In force at once, for orders by every road; written to the journal and the audit."""
    access = require_risk(request, account)
    given = changes.model_dump(exclude_unset=True)
    plain = {name: str(each) if isinstance(each, Decimal) else each for name, each in given.items()}
    return passed_on(desk.act(request, access, "risk.limits", limits=plain))


@router.post("/state/", response={200: schemas.Risk}, summary="Let the account trade, reduce, or neither")
def state(request: HttpRequest, wanted: State) -> HttpResponse:
    """How an account that was halted comes back, or one that trades is stopped."""
    access = require_risk(request, wanted.account)
    return passed_on(desk.act(request, access, "risk.state", state=wanted.state, reason=wanted.reason))


@router.post("/kill-switch/", response={200: schemas.Risk}, summary="The kill switch")
def kill(request: HttpRequest, switch: KillSwitch) -> HttpResponse:
    """Halt, cancel every order and, if `flatten`, close every position; `kill` tells what remains."""
    access = require_trade(request, switch.account)  # whoever may trade may stop
    body = desk.act(request, access, "risk.kill", flatten=switch.flatten, reason=switch.reason)
    return passed_on(body)
