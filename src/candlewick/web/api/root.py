"""The API: its parts, and its errors as problem documents."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from ninja.errors import HttpError, ValidationError

from candlewick.core.errors import (
    CandlewickError,
    Conflict,
    EngineAway,
    NotYet,
    OrderRefused,
    RateLimited,
    StoreError,
    UnknownAccount,
    UnknownOrder,
    UnknownSymbol,
    UsageError,
    VenueError,
)
from candlewick.runtime.jobs.desk import UnknownJob
from candlewick.runtime.strategies.desk import UnknownStrategy
from candlewick.web.api import (
    accounts,
    backtest_trades,
    charts,
    fills,
    market,
    orders,
    performance,
    portfolio,
    preferences,
    replay,
    research,
    risk,
    strategies,
    tokens,
    trades,
    watchlist,
)
from candlewick.web.api.access import BySession, ByToken
from candlewick.web.api.document import Documented
from candlewick.web.api.sent import Strict
from candlewick.web.limits import TooMany, refused
from candlewick.web.people.accounts import NoSuchAccount
from candlewick.web.problem import response

log = logging.getLogger(__name__)

api = Documented(
    title="Candlewick",
    version="1",
    urls_namespace="api",
    description="Market data and a person's own affairs. Errors are `application/problem+json`.",
    auth=[ByToken(), BySession()],
    parser=Strict(),
)
# Each request is compared with every address before its own: what is asked for most comes first.
api.add_router("/orders", orders.router)
api.add_router("/dashboard/charts", charts.router)
api.add_router("/dashboard/charts", backtest_trades.charts)
api.add_router("/accounts", accounts.router)
api.add_router("/dashboard/portfolio", portfolio.portfolio)
api.add_router("/dashboard/performance", performance.router)
api.add_router("/dashboard/trades", trades.router)
api.add_router("/dashboard/strategies", strategies.router)
api.add_router("/fills", fills.router)
api.add_router("/positions", portfolio.positions)
api.add_router("/risk", risk.router)
api.add_router("/market", market.router)
api.add_router("/watchlist", watchlist.router)
api.add_router("/preferences", preferences.router)
api.add_router("/replay", replay.router)
for prefix, router in research.routers():
    api.add_router(prefix, router)
api.add_router("/research/backtests", backtest_trades.research)
api.add_router("", tokens.router)


def _answers(kind: type[Exception]) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Register how an error is answered."""

    def register(handler: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        api.add_exception_handler(kind, handler)
        return handler

    return register


@_answers(HttpError)
def _http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    detail = "Sign in first." if error.status_code == 401 and str(error) == "Unauthorized" else str(error)
    headers = {"WWW-Authenticate": "Bearer"} if error.status_code == 401 else None
    return response(error.status_code, detail, headers=headers)


def _field(loc: tuple[int | str, ...]) -> str:
    """The field that a fault is about, as the sender named it: ours for the whole body is none of theirs."""
    source, *parts = loc
    if source == "body":
        parts = parts[1:2]
    return ".".join(str(part) for part in parts) or "body"


@_answers(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    fields: dict[str, list[str]] = {}
    for each in error.errors:
        where = _field(each["loc"])
        fields.setdefault(where, []).append(str(each["msg"]))
    return response(422, f"Not valid: {', '.join(fields)}.", errors=fields)


@_answers(Http404)
def _missing(request: HttpRequest, error: Http404) -> HttpResponse:
    told = str(error) if isinstance(error, NoSuchAccount) else "There is nothing at this address."
    return response(404, told)


@_answers(PermissionDenied)
def _forbidden(request: HttpRequest, error: PermissionDenied) -> HttpResponse:
    return response(403, str(error) or "You may not do this.")


@_answers(RequestDataTooBig)
def _too_large(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    return response(413, f"A body may have at most {settings.DATA_UPLOAD_MAX_MEMORY_SIZE} bytes.")


@_answers(TooMany)
def _too_many(request: HttpRequest, error: TooMany) -> HttpResponse:
    return refused(error)


@_answers(CandlewickError)
def _own(request: HttpRequest, error: CandlewickError) -> HttpResponse:
    status, more = _status(error)
    return response(status, str(error), **more)


def _status(error: CandlewickError) -> tuple[int, dict[str, Any]]:
    match error:
        case OrderRefused():
            told = {"code": error.code, "limit": error.limit, "value": error.value}
            return 422, told | ({"errors": {error.field: [str(error)]}} if error.field else {})
        case UnknownSymbol():
            return 404, {"symbol": error.symbol[:80]}
        case UnknownOrder() | UnknownAccount() | UnknownJob() | UnknownStrategy():
            return 404, {}
        case NotYet():
            return 409, {"headers": {"Retry-After": "1"}}
        case Conflict():
            return 409, {}
        case UsageError():
            field = str(error).partition(": ")[0]
            return 422, {"errors": {field: [str(error)]}} if field.isidentifier() else {}
        case RateLimited():
            return 503, {"headers": {"Retry-After": str(max(1, round(error.retry_after_s)))}}
        case EngineAway() | VenueError():
            return 503, {"headers": {"Retry-After": "1"}}
        case StoreError():
            log.error("The store cannot answer: %s", error)
            return 503, {"headers": {"Retry-After": "5"}}
    log.error("A request failed: %s", error)
    return 500, {}
