"""Limits: exact, told of before they are reached, shared through Redis, and never lifted by its absence."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest import mock

import pytest
import redis
from django.test import Client, override_settings

from candlewick.core.errors import ConfigError
from candlewick.store.models import ApiToken, Role, User
from candlewick.web import limits, shared
from candlewick.web.limits import Limiter, TooMany
from candlewick.web.people import accounts, api_tokens, identity
from tests.servers import RedisServer
from tests.web import ground
from tests.web.conftest import Browser, Person


@pytest.fixture(autouse=True)
def _fresh_counts() -> Iterator[None]:
    limits.limiter.cache_clear()
    yield
    limits.limiter.cache_clear()


@pytest.fixture(params=["memory", "redis"])
def limiter(request: pytest.FixtureRequest) -> Limiter:
    return Limiter(None if request.param == "memory" else request.getfixturevalue("redis_url"))


def refused(limiter: Limiter, name: str, per_minute: int, who: str) -> TooMany:
    with pytest.raises(TooMany) as caught:
        limiter.count(name, per_minute, who)
    return caught.value


def test_so_many_and_no_more(limiter: Limiter) -> None:
    assert [limiter.count("orders", 3, "a").remaining for _ in range(3)] == [2, 1, 0]
    error = refused(limiter, "orders", 3, "a")
    assert str(error).startswith("At most 3 orders a minute. Try again in ")
    assert 1 <= error.retry_after_s <= 60
    assert error.headers["RateLimit-Remaining"] == "0"


def test_one_is_counted_apart_from_another(limiter: Limiter) -> None:
    limiter.count("orders", 1, "a")
    assert limiter.count("orders", 1, "b").remaining == 0
    assert limiter.count("requests", 1, "a").remaining == 0


def test_of_many_at_once_exactly_so_many_get_through(limiter: Limiter) -> None:
    start = threading.Barrier(8)

    def ask(_: int) -> int:
        start.wait(10)
        counted = 0
        for _ in range(5):
            try:
                limiter.count("orders", 13, "a")
            except TooMany:
                continue
            counted += 1
        return counted

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, range(8))) == 13


def test_the_window_moves() -> None:
    limiter = Limiter()
    begin = time.monotonic()
    with mock.patch("time.monotonic", return_value=begin):
        limiter.count("orders", 1, "a")
    with mock.patch("time.monotonic", return_value=begin + 59):
        assert refused(limiter, "orders", 1, "a").retry_after_s in (1, 2)
    with mock.patch("time.monotonic", return_value=begin + 61):
        limiter.count("orders", 1, "a")


def test_two_processes_share_a_count_in_redis(redis_url: str) -> None:
    one, other = Limiter(redis_url), Limiter(redis_url)
    one.count("orders", 2, "a")
    other.count("orders", 2, "a")
    refused(one, "orders", 2, "a")


def test_while_redis_is_away_each_process_counts_for_itself(caplog: pytest.LogCaptureFixture) -> None:
    limiter = Limiter("redis://127.0.0.1:1/0")
    limiter.count("orders", 1, "a")
    refused(limiter, "orders", 1, "a")
    assert [record.message[:29] for record in caplog.records] == ["Redis is away; limits are cou"], (
        "told once"
    )


def test_redis_is_reached_over_tls_with_its_certificate_checked(redis_server: RedisServer) -> None:
    limiter = Limiter(redis_server.tls_url)
    limiter.count("orders", 1, "tls")
    client = redis.Redis.from_url(redis_server.url)
    assert any(b"orders" in key for key in client.keys("*tls*"))
    client.close()


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(
    redis_server: RedisServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    limiter = Limiter(redis_server.tls_url.partition("?")[0])
    limiter.count("orders", 1, "untrusted")
    assert "CERTIFICATE_VERIFY_FAILED" in caplog.text


@pytest.mark.parametrize("url", ["", "localhost", "http://localhost:6379", "redis"])
def test_what_is_no_address_of_redis_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="REDIS_URL"):
        shared.checked(url)


# --- as programs and pages see them


@pytest.fixture
def ann(person: Person) -> User:
    return person(Role.TRADER)


@pytest.fixture
def client(browser: Browser, ann: User) -> Client:
    return browser(ann)


def test_an_answer_tells_how_the_limit_stands(client: Client) -> None:
    with override_settings(REQUESTS_PER_MINUTE=3):
        answer = client.get("/api/watchlist/")
    assert answer["RateLimit-Limit"] == "3"
    assert answer["RateLimit-Remaining"] == "2"
    assert answer["RateLimit-Policy"] == "3;w=60"
    assert 1 <= int(answer["RateLimit-Reset"]) <= 60


def test_one_request_too_many_is_a_429_with_when_to_come_again(client: Client) -> None:
    with override_settings(REQUESTS_PER_MINUTE=2):
        assert [client.get("/api/watchlist/").status_code for _ in range(3)] == [200, 200, 429]
        answer = client.get("/api/watchlist/")
    assert answer["Content-Type"] == "application/problem+json"
    assert 1 <= int(answer["Retry-After"]) <= 60
    assert answer["RateLimit-Remaining"] == "0"
    assert "At most 2 requests a minute" in answer.json()["detail"]


def test_a_busy_token_does_not_lock_its_person_out(browser: Browser, client: Client, ann: User) -> None:
    _, token = api_tokens.issue(ann, "bot", ["read"])
    header = {"Authorization": f"Bearer {token}"}
    with override_settings(REQUESTS_PER_MINUTE=1):
        assert browser().get("/api/watchlist/", headers=header).status_code == 200
        assert browser().get("/api/watchlist/", headers=header).status_code == 429
        assert client.get("/api/watchlist/").status_code == 200
    assert ApiToken.objects.count() == 1


def test_orders_are_counted_per_account(ann: User) -> None:
    access = accounts.find(identity.of_user(ann))
    with override_settings(ORDERS_PER_MINUTE=2):
        limits.count_order(access)
        limits.count_order(access)
        with pytest.raises(TooMany, match="At most 2 orders a minute"):
            limits.count_order(access)


def test_whoever_has_run_out_of_orders_can_still_close(client: Client, link: ground.FakeLink) -> None:
    link.answers["position.close"] = lambda **request: []

    def close(**body: object) -> int:
        return client.post("/api/positions/close/", body, content_type="application/json").status_code

    with override_settings(ORDERS_PER_MINUTE=1):
        assert close(reverse=True) == 200
        assert close(reverse=True) == 429
        assert close() == 200


def test_sixty_orders_a_minute_are_let_through_unless_set_otherwise() -> None:
    from django.conf import settings

    assert settings.ORDERS_PER_MINUTE == 60


# --- Redis as cache and sessions


def with_redis(url: str) -> Any:
    cache = {
        "BACKEND": "candlewick.web.redis_cache.SharedCache",
        "LOCATION": [url],
        "OPTIONS": shared.connection_options(),
    }
    return override_settings(CACHES={"default": cache}, SESSION_ENGINE="candlewick.web.people.sessions")


def test_redis_keeps_sessions_and_tickets_for_every_process(
    redis_url: str,
    browser: Browser,
    ann: User,
) -> None:
    with with_redis(redis_url):
        client = browser(ann)
        assert client.get("/settings/").status_code == 200
        kept = redis.Redis.from_url(redis_url)
        assert any(client.session.session_key.encode() in key for key in kept.scan_iter())  # type: ignore[union-attr]
        kept.close()
        answer = client.post("/api/ws-ticket/")
        assert identity.by_ticket(answer.json()["ticket"]) is not None
        assert identity.by_ticket(answer.json()["ticket"]) is None


def test_whoever_is_signed_in_goes_on_while_redis_is_away(
    redis_url: str,
    browser: Browser,
    ann: User,
) -> None:
    with with_redis(redis_url):
        client = browser(ann)
        assert client.get("/settings/").status_code == 200
    with with_redis("redis://127.0.0.1:1/0"):
        assert client.get("/settings/").status_code == 200
        assert client.get("/api/watchlist/").status_code == 200
        assert identity.by_cookie(f"candlewick_session={client.session.session_key}") is not None


def test_nobody_signs_in_or_out_while_redis_is_away(
    redis_url: str,
    browser: Browser,
    ann: User,
) -> None:

    with with_redis(redis_url):
        client = browser(ann)
    with with_redis("redis://127.0.0.1:1/0"):
        form = {"login": ann.username, "password": ground.PASSWORD}
        answer = browser().post("/accounts/login/", form)
        assert answer.status_code == 503
        assert answer["Retry-After"] == "5"
        assert "Redis does not answer" in answer.content.decode()
        asked = {"username": ann.username, "password": ground.PASSWORD}
        answer = browser().post("/api/token/", asked, content_type="application/json")
        assert (answer.status_code, answer["Content-Type"]) == (503, "application/problem+json")
        assert client.post("/accounts/logout/").status_code == 503
        assert client.get("/settings/").status_code == 200, "still signed in, as they were told"
    with with_redis(redis_url):
        assert client.get("/settings/").status_code == 200


def test_a_session_that_ended_stays_ended_in_redis(
    redis_url: str,
    browser: Browser,
    ann: User,
) -> None:
    with with_redis(redis_url):
        client = browser(ann)
        key = client.session.session_key
        client.post("/accounts/logout/")
        assert identity.by_cookie(f"candlewick_session={key}") is None
