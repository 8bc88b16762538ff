"""How often somebody may ask: exact moving windows, in this process's memory or in Redis for many.

What counts is decided here: every request of a person to REST and components or for a file, and every order
per account. Cancelling, closing and the kill switch are requests but no orders (turning a position round is
one): whoever has run out of orders can still get out. While Redis is away each process counts for itself: a
limit may then be reached once a process, and is never lifted.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from limits import RateLimitItemPerMinute
from limits.errors import StorageError
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter

from candlewick.core.errors import CandlewickError
from candlewick.web import problem
from candlewick.web.people.accounts import AccountAccess
from candlewick.web.people.identity import Person
from candlewick.web.shared import AGAIN_S, connection_options
from candlewick.web.windows import Hit, Windows

log = logging.getLogger(__name__)
_WINDOW_S: Final = 60


@dataclass(frozen=True, slots=True)
class Use:
    """How much of a limit has been used.

    Attributes:
        name: which limit: "requests" or "orders".
        limit: how many a minute.
        remaining: how many are left now.
        reset_s: seconds until the oldest one counted is forgotten.
    """

    name: str
    limit: int
    remaining: int
    reset_s: int


class TooMany(CandlewickError):
    """A person, or an account, has used a limit up."""

    retry: ClassVar[bool] = True

    def __init__(self, use: Use) -> None:
        text = f"At most {use.limit} {use.name} a minute. Try again in {use.reset_s} s."
        super().__init__(text)
        self.use = use
        self.retry_after_s = use.reset_s

    @property
    def headers(self) -> dict[str, str]:
        """What the answer carries: when to come again, and how the limit stands."""
        return {"Retry-After": str(self.retry_after_s)} | headers_of(self.use)


class Limiter:
    """Counts in Redis if `redis_url` is given, else in memory; in memory too while Redis is away."""

    def __init__(self, redis_url: str | None = None) -> None:
        self._own = Windows(_WINDOW_S)
        self._shared: MovingWindowRateLimiter | None = None
        self._away_until = 0.0
        if redis_url is not None:
            options = connection_options()
            storage = RedisStorage(redis_url, key_prefix="candlewick", wrap_exceptions=True, **options)
            self._shared = MovingWindowRateLimiter(storage)

    def count(self, name: str, per_minute: int, who: str) -> Use:
        """Count one of `who`'s.

        Raises:
            TooMany: it is one too many; it is not counted.
        """
        if self._shared is not None and time.monotonic() >= self._away_until:
            try:
                return _shared_use(self._shared, name, per_minute, who)
            except StorageError as error:
                self._away_until = time.monotonic() + AGAIN_S
                log.warning("Redis is away; limits are counted in this process: %s", error.storage_error)
        hit = self._own.hit((name, who), per_minute)
        return _use(name, per_minute, hit)


def count_request(person: Person) -> Use:
    """Count a request of a person; a token's are counted apart, so that a busy program locks nobody out.

    Raises:
        TooMany: they have asked too often.
    """
    who = f"token {person.token}" if person.token is not None else f"person {person.id}"
    use = limiter().count("requests", settings.REQUESTS_PER_MINUTE, who)
    _noted(use)
    return use


def count_order(access: AccountAccess) -> None:
    """Count an order, or an amendment, of an account.

    Raises:
        TooMany: the account has sent too many.
    """
    _noted(limiter().count("orders", settings.ORDERS_PER_MINUTE, f"account {access.id}"))


@cache
def limiter() -> Limiter:
    """The limiter of this process."""
    return Limiter(settings.REDIS_URL)


def headers_of(use: Use) -> dict[str, str]:
    """How a limit stands, for programs (IETF draft-ietf-httpapi-ratelimit-headers, version 7)."""
    return {
        "RateLimit-Policy": f"{use.limit};w={_WINDOW_S}",
        "RateLimit-Limit": str(use.limit),
        "RateLimit-Remaining": str(use.remaining),
        "RateLimit-Reset": str(use.reset_s),
    }


class RateLimits:
    """Middleware: tells of the limit nearest to its end, and answers 429 where one was reached."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        _uses.set([])
        response = self._get_response(request)
        uses = _uses.get([])
        if uses and "Retry-After" not in response:
            nearest = min(uses, key=lambda use: use.remaining / use.limit)
            for name, value in headers_of(nearest).items():
                response.setdefault(name, value)
        if response.status_code == 429:
            response.setdefault("Retry-After", str(_WINDOW_S))  # allauth says how often, not when again
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, TooMany):
            return None
        if request.path.startswith(("/api/", "/components/")):
            return refused(error)
        answer = render(request, "429.html", status=429)
        answer["Retry-After"] = str(error.retry_after_s)
        return answer


def refused(error: TooMany) -> HttpResponse:
    """The answer to one request too many."""
    return problem.response(429, str(error), headers=error.headers)


# What the request that this thread works on has used. Set anew for each.
_uses: ContextVar[list[Use]] = ContextVar("rate_limits_used")


def _noted(use: Use) -> None:
    uses = _uses.get(None)
    if uses is not None:
        uses.append(use)


def _shared_use(limiter: MovingWindowRateLimiter, name: str, per_minute: int, who: str) -> Use:
    item = RateLimitItemPerMinute(per_minute, namespace=name)
    is_counted = limiter.hit(item, who)
    stats = limiter.get_window_stats(item, who)
    remaining = stats.remaining if is_counted else 0
    return _use(name, per_minute, Hit(is_counted, remaining, stats.reset_time - time.time()))


def _use(name: str, per_minute: int, hit: Hit) -> Use:
    use = Use(name, per_minute, hit.remaining, max(1, math.ceil(hit.reset_s)))
    if not hit.is_counted:
        raise TooMany(use)
    return use
