"""`/api/accounts/`: which accounts a caller may see, and opening another."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal
from typing import Annotated, Literal

from django.db import transaction
from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import ConfigDict, Field

from candlewick.store.models import PAPER_CASH, User
from candlewick.web.api import schemas
from candlewick.web.api.access import person_of
from candlewick.web.people import accounts as register
from candlewick.web.people import ownership
from candlewick.web.people.trail import note

router = Router(tags=["accounts"])


class Account(Schema):
    """An account as the caller has it. `refusal` says why they may not trade with it."""

    id: int
    name: str
    kind: Literal["paper", "live"]
    venue: str
    currency: str
    owner: str
    is_owner: bool
    is_archived: bool
    may_trade: bool
    may_manage_risk: bool
    refusal: str


class NewAccount(Schema):
    """A paper account, and what it begins with."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"name": "Grid", "cash": 25000}]}
    )

    name: Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^\x00]+$")]
    cash: Annotated[
        Decimal,
        Field(
            ge=ownership.CASH_AT_LEAST,
            le=ownership.CASH_AT_MOST,
            max_digits=20,
            decimal_places=8,
            allow_inf_nan=False,
        ),
    ] = PAPER_CASH


@router.get("/", response=list[Account], summary="Accounts you may see")
def listing(request: HttpRequest, archived: bool = False) -> list[Account]:
    """Your own first, then those shared with you; a token of one account sees that one alone."""
    found = register.of_request(request, archived=archived)
    return [Account.model_validate(asdict(each)) for each in found]


@router.post(
    "/", response={201: Account, 409: schemas.Problem, 422: schemas.Problem}, summary="Open a paper account"
)
def open_account(request: HttpRequest, wanted: NewAccount) -> Status[Account]:
    """It begins with the sum you say. Accounts are not reset: to begin anew, open another."""
    person = person_of(request)
    with transaction.atomic():
        made = ownership.open_paper_account(User.objects.get(pk=person.id), wanted.name, wanted.cash)
        note(request, "account.new", f"account {made.pk}", after={"name": made.name, "cash": wanted.cash})
    return Status(201, Account.model_validate(asdict(register.find(person, made.pk))))
