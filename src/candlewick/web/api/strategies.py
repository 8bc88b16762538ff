"""`/api/dashboard/strategies/`: strategies at work: started, paused, resumed, stopped, watched."""

from __future__ import annotations

import contextlib
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

import msgspec
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema
from pydantic import ConfigDict, Field, StrictBool

from candlewick.core.clock import iso
from candlewick.core.errors import Conflict, EngineAway, UsageError
from candlewick.core.instrument import public_symbol
from candlewick.research.describing import Described
from candlewick.research.naming import NoSuchStrategy
from candlewick.runtime.accounts.shapes import encode
from candlewick.runtime.strategies import desk as register
from candlewick.store.models import Account, StrategyAtWork, WorkState
from candlewick.web import desk
from candlewick.web.api import schemas
from candlewick.web.people.accounts import AccountAccess, MayNot, chosen, of_request, require_trade
from candlewick.web.people.trail import note as audited
from candlewick.web.services import services_of
from candlewick.web.strategies.shelf import shelf

router = Router(tags=["strategies"])

Exact = schemas.Exact
State = Literal["running", "paused", "stopping", "stopped"]
Id = Annotated[str, Field(max_length=16)]
Sum = Annotated[Decimal, Field(gt=0, max_digits=28, decimal_places=8, allow_inf_nan=False)]
_decode: Final = msgspec.json.Decoder(float_hook=Decimal).decode
NO_FIGURES: Final = dict.fromkeys(
    (
        "capital",
        "equity",
        "pnl",
        "pnl_pct",
        "pnl_today",
        "unrealized_pnl",
        "trades",
        "wins",
        "win_rate",
        "net",
        "fees",
    )
)


class Start(Schema):
    """Which strategy is to trade what, and with how much: a `fraction` of the account, or an `amount`."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "strategy": "EmaCross",
                    "symbols": ["BTCUSDT-PERP"],
                    "timeframe": "1h",
                    "parameters": {"fast": 12, "slow": 26},
                    "fraction": 0.25,
                }
            ]
        },
    )

    strategy: Annotated[
        str, Field(min_length=1, max_length=120, description="A bundled one, or one of your folder's.")
    ]
    symbols: Annotated[list[str], Field(min_length=1, max_length=50)]
    timeframe: Annotated[str, Field(max_length=4)] = ""
    parameters: Annotated[dict[str, int | float | bool | str], Field(default_factory=dict)]
    fraction: Annotated[Decimal | None, Field(gt=0, le=1, max_digits=9, decimal_places=8)] = None
    amount: Sum | None = None
    account: str | int | None = None
    confirm_live: Annotated[
        str | None,
        Field(max_length=60, description="The account's name, typed by hand, where it is a live one."),
    ] = None


class Stop(Schema):
    """What becomes of its position: closed at the market, or left to the account."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"close_position": True}]})

    close_position: StrictBool = True


class Holding(Schema):
    """What it holds of a market."""

    symbol: str
    instrument: str
    quantity: Exact
    avg_price: Exact
    current_price: Exact | None
    unrealized_pnl: Exact | None


class Health(Schema):
    """How its process is. `lag_ms`: from a bar's end until its orders were sent; `missed`: bars too late."""

    phase: Literal["waiting", "starting", "warming", "running", "paused", "stopping"]
    waits_for: str | None
    last_bar: str | None
    lag_ms: float | None
    answer_ms: float | None
    missed: int
    process_id: int | None


class AtWork(Schema):
    """A strategy at work. Figures are its own, not the account's; null while nobody knows them."""

    id: str
    account: int
    name: str
    tag: str
    state: State
    reason: str
    symbols: list[str]
    timeframe: str
    parameters: dict[str, Any]
    started_at: str
    begun_at: str | None
    ended_at: str | None
    restarts: int
    capital: Exact | None
    equity: Exact | None
    pnl: Exact | None
    pnl_pct: Exact | None
    pnl_today: Exact | None = None
    unrealized_pnl: Exact | None
    trades: int | None
    wins: int | None
    win_rate: float | None
    net: Exact | None
    fees: Exact | None
    positions: list[Holding]
    orders: list[schemas.Order]
    health: Health | None


class AllAtWork(Schema):
    """Strategies of an account, the newest first."""

    items: list[AtWork]
    next: None = None


class Line(Schema):
    """A line of its log. `kind` is `print` for what it printed itself."""

    seq: int
    time: str
    kind: Literal["print", "state", "order", "refused", "missed", "error"]
    text: str


class Log(Schema):
    """Lines, oldest first; give the last one's `seq` as `after` to hear what follows."""

    items: list[Line]
    next: None = None


class DriftTrade(Schema):
    """From flat to flat; one without an end is valued at the last close. Marks are those of its orders."""

    symbol: str
    side: Literal["long", "short"]
    signal: int
    entry_time: int
    exit_time: int | None
    entry_price: float
    exit_price: float
    size: float
    fees: float
    funding: float
    reason: str
    entry_mark: float | None
    exit_mark: float | None
    pnl: float


class Difference(Schema):
    """An expected trade and the actual one, of which one may be absent; the causes sum to the gap."""

    expected: DriftTrade | None
    actual: DriftTrade | None
    gap: float
    causes: dict[str, float]


class Drift(Schema):
    """The profit that the backtest expects, the actual one, and the causes of the gap between them."""

    as_of: str | None
    expected: float
    actual: float
    gap: float
    causes: dict[str, float]
    trades: list[Difference]


@router.get("/", response={200: AllAtWork}, summary="Strategies at work")
def listing(request: HttpRequest, ended: bool = True, account: str | None = None) -> HttpResponse:
    """Those of an account, the newest first; with `ended=false` without those that were stopped."""
    access = chosen(request, account)
    rows = register.of_account(access.id, ended=ended)
    told = {each["id"]: each for each in ask_engine(request, access, "strategy.list") or ()}
    return _answer({"items": [body_of(request, row, told.get(row.pk)) for row in rows], "next": None})


@router.post(
    "/",
    response={201: AtWork, 409: schemas.Problem, 422: schemas.Problem},
    summary="Put a strategy to work",
)
def start(request: HttpRequest, wanted: Start) -> HttpResponse:
    """It trades from the next bar on. On a live account, give the account's name as `confirm_live`."""
    try:
        book = shelf().find(wanted.strategy)
    except NoSuchStrategy as error:
        raise UsageError(f"strategy: {error}") from None
    return put_to_work(request, wanted, book.told)


def put_to_work(request: HttpRequest, wanted: Start, strategy: Described) -> HttpResponse:
    """Start this strategy, whatever else has its name."""
    access = require_trade(request, wanted.account)
    if access.kind == "live" and wanted.confirm_live != access.name:
        raise UsageError(
            f"confirm_live: {access.name} trades with real money: give its name here to let a strategy do so."
        )
    row = register.start(
        Account.objects.get(pk=access.id),
        strategy,
        symbols=[desk.require_symbol(request, each) for each in wanted.symbols],
        timeframe=wanted.timeframe,
        parameters=wanted.parameters,
        fraction=wanted.fraction,
        amount=wanted.amount,
        worth=_worth(request, access) if wanted.amount is not None else None,
    )
    audited(request, "strategy.start", f"strategy {row.pk}", after={"account": access.id, "spec": row.spec})
    ask_engine(request, access, "strategy.look")
    return _answer(body_of(request, row, None), status=201)


@router.get("/{id}/", response={200: AtWork, 404: schemas.Problem}, summary="One strategy at work")
def one(request: HttpRequest, id: Id) -> HttpResponse:
    """Its state, its own figures, positions and orders, and how its process is."""
    row, access = find(request, id)
    return _answer(body_of(request, row, ask_engine(request, access, "strategy.state", id=row.pk)))


@router.get("/{id}/log/", response={200: Log, 404: schemas.Problem}, summary="Its log")
def log(
    request: HttpRequest,
    id: Id,
    after: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 200,
) -> HttpResponse:
    """What it printed, what became of its orders, why it was paused: the newest lines behind `after`."""
    row, _ = find(request, id)
    found = register.lines(row, after=after, limit=limit)
    items = [
        {"seq": each.seq, "time": iso(each.at_ns), "kind": each.kind, "text": each.text} for each in found
    ]
    return _answer({"items": items, "next": None})


@router.get(
    "/{id}/drift/",
    response={200: Drift, 404: schemas.Problem, 409: schemas.Problem},
    summary="How far it is from its backtest",
)
def drift(request: HttpRequest, id: Id) -> HttpResponse:
    """Its trades beside those of its backtest on the same bars since it began, paired by their signal.

    It is worked out when asked for, until `as_of`; 409 with `Retry-After` while that is under way for the
    first time, and then the one before until there is a newer one. Of a strategy that was stopped it is the
    last one.

    Causes: `latency` (the market moved until the order was sent), `slippage` (until it was filled), `price`
    (a stop or target stood elsewhere), `exit` (it ended for another reason), `fee`, `funding`, `size`,
    `missed_signal` and `extra_trade`.
    """
    row, access = find(request, id)
    told = desk.ask(request, access, "strategy.drift", id=row.pk)
    if told == b"null":
        if row.drift is None:
            raise Conflict(f"{row.name} is {row.state}: its drift is told while the engine has it at work.")
        return _answer(row.drift)
    return HttpResponse(told, content_type="application/json")


@router.post(
    "/{id}/pause/", response={200: AtWork, 404: schemas.Problem, 409: schemas.Problem}, summary="Pause it"
)
def pause(request: HttpRequest, id: Id) -> HttpResponse:
    """It enters nothing new; its stops and targets go on protecting what it holds."""
    row, access = find(request, id, to_trade=True)
    return _changed(request, access, register.pause(row, desk.actor_of(request)), "strategy.pause")


@router.post(
    "/{id}/resume/", response={200: AtWork, 404: schemas.Problem, 409: schemas.Problem}, summary="Resume it"
)
def resume(request: HttpRequest, id: Id) -> HttpResponse:
    """It goes on with the next bar that closes."""
    row, access = find(request, id, to_trade=True)
    return _changed(request, access, register.resume(row, desk.actor_of(request)), "strategy.resume")


@router.post(
    "/{id}/stop/", response={200: AtWork, 404: schemas.Problem, 409: schemas.Problem}, summary="Stop it"
)
def stop(request: HttpRequest, id: Id, how: Stop | None = None) -> HttpResponse:
    """For good: its orders are taken back, and its position is closed unless you say otherwise."""
    row, access = find(request, id, to_trade=True)
    close = how is None or how.close_position
    return _changed(request, access, register.stop(row, desk.actor_of(request), close=close), "strategy.stop")


def find(request: HttpRequest, id: str, *, to_trade: bool = False) -> tuple[StrategyAtWork, AccountAccess]:
    """A strategy of an account that the person may see, and the account.

    Raises:
        UnknownStrategy: there is none.
        MayNot: they may see it, but not trade.
    """
    by_number = {each.id: each for each in of_request(request, archived=True)}
    row = register.find(by_number, id)
    access = by_number[row.account_id]
    if to_trade and not access.may_trade:
        raise MayNot(access.refusal)
    return row, access


def _changed(request: HttpRequest, access: AccountAccess, row: StrategyAtWork, action: str) -> HttpResponse:
    audited(request, action, f"strategy {row.pk}", after={"state": row.state, "reason": row.reason})
    ask_engine(request, access, "strategy.look")
    return _answer(body_of(request, row, ask_engine(request, access, "strategy.state", id=row.pk)))


def ask_engine(request: HttpRequest, access: AccountAccess, verb: str, **arguments: Any) -> Any:
    """What the engine knows beside the row; None while it is away: what is wanted stands in the row."""
    with contextlib.suppress(EngineAway):
        # exact numbers stay exact: they are written into the answer as they came
        return _decode(desk.ask(request, access, verb, **arguments))
    return None


def _worth(request: HttpRequest, access: AccountAccess) -> Decimal | None:
    """What the account is worth now, as far as that is known."""
    told = ask_engine(request, access, "account.portfolio") or {}
    worth = told.get("total_value")
    return None if worth is None else Decimal(worth)


def body_of(request: HttpRequest, row: StrategyAtWork, live: dict[str, Any] | None) -> dict[str, Any]:
    """The row, with what the engine tells of it."""
    primary = services_of(request).primary
    told: dict[str, Any] = {
        "id": row.pk,
        "account": row.account_id,
        "name": row.name,
        "tag": row.tag,
        "state": row.state,
        "reason": row.reason,
        "symbols": [public_symbol(each, primary=primary) for each in row.spec["symbols"]],
        "timeframe": row.spec["timeframe"],
        "parameters": row.spec.get("parameters", {}),
        "started_at": iso(row.created_ns),
        "begun_at": iso(row.begun_ns) if row.begun_ns is not None else None,
        "ended_at": iso(row.ended_ns) if row.ended_ns is not None else None,
        "restarts": row.restarts,
        **NO_FIGURES,
        "capital": Decimal(row.capital) if row.capital else None,
        "positions": [],
        "orders": [],
        "health": None,
    }
    if row.figures is not None:
        told |= {name: _number(each) for name, each in row.figures.items()}
    if live is not None and row.state != WorkState.STOPPED:
        told |= {name: live[name] for name in (*NO_FIGURES, "positions", "orders", "health") if name in live}
    return told


def _number(figure: Any) -> Any:
    """A figure as it was kept: sums as text."""
    return Decimal(figure) if isinstance(figure, str) else figure


def _answer(body: dict[str, Any], status: int = 200) -> HttpResponse:
    return HttpResponse(encode(body), status=status, content_type="application/json")
