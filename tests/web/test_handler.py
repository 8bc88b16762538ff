"""Data and pages each go their own way, through what both need."""

from __future__ import annotations

import pytest

from candlewick.store.models import Role
from candlewick.web.handler import is_data
from tests.web.conftest import Browser, Person
from tests.web.ground import FakeLink


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api/orders/", True),
        ("/api/openapi.json", True),
        ("/api/docs", False),
        ("/", False),
        ("/apis/", False),
    ],
)
def test_it_tells_data_from_pages(path: str, expected: bool) -> None:
    assert is_data(path) is expected


@pytest.mark.parametrize("path", ["/api/preferences/", "/"])
def test_a_foreign_host_name_is_refused_on_both_ways(browser: Browser, person: Person, path: str) -> None:
    answer = browser(person(Role.TRADER)).get(path, headers={"host": "evil.example"})
    assert answer.status_code == 400


def test_an_address_that_was_asked_for_before_is_answered_for_itself(
    browser: Browser, person: Person, link: FakeLink
) -> None:
    link.answers["order.get"] = lambda account, order_id: {"order": order_id}
    asking = browser(person(Role.TRADER))
    told = [asking.get(f"/api/orders/{name}/").json() for name in ("a1", "b2", "a1")]
    assert told == [{"order": "a1"}, {"order": "b2"}, {"order": "a1"}]
    assert [asking.get("/api/nowhere/").status_code for _ in range(2)] == [404, 404]


def test_data_is_asked_for_with_its_slash(browser: Browser, person: Person) -> None:
    answer = browser(person(Role.VIEWER)).get("/api/preferences")
    assert (answer.status_code, answer["Location"]) == (301, "/api/preferences/")


def test_the_methods_of_an_address_are_told_apart(browser: Browser, person: Person) -> None:
    asking = browser(person(Role.TRADER))
    assert asking.get("/api/preferences/").status_code == 200
    assert asking.delete("/api/preferences/").status_code == 405
