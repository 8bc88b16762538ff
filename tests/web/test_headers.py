"""What pages may load, and that data may load nothing."""

from __future__ import annotations

import pytest

from candlewick.store.models import Role
from tests.web.conftest import Browser, Person

NOTHING = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"


@pytest.mark.parametrize(
    ("path", "status"), [("/api/preferences/", 200), ("/api/risk/nothing/", 404), ("/api/openapi.json", 200)]
)
def test_data_loads_nothing_and_is_framed_by_nobody(
    browser: Browser, person: Person, path: str, status: int
) -> None:
    answer = browser(person(Role.VIEWER)).get(path)
    assert answer.status_code == status
    assert answer["Content-Security-Policy"] == NOTHING
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_a_refusal_is_data_too(browser: Browser) -> None:
    answer = browser().get("/api/preferences/")
    assert answer.status_code == 401
    assert answer["Content-Security-Policy"] == NOTHING


@pytest.mark.parametrize("path", ["/api/docs", "/accounts/login/"])
def test_a_page_loads_our_own_scripts_only(browser: Browser, path: str) -> None:
    policy = browser().get(path)["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
