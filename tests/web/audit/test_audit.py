"""The audit log: what is written into it, who reads what of it, and how it is taken away."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from candlewick.store.audit.checking import WEB, check
from candlewick.store.audit.recording import record
from candlewick.store.databases import database_at
from candlewick.store.models import AuditEvent, Role, User
from candlewick.web.people import ownership
from tests.web.conftest import Browser, Person
from tests.web.ground import PASSWORD


@pytest.fixture
def ann(person: Person) -> User:
    return person(Role.TRADER)


@pytest.fixture
def client(browser: Browser, ann: User) -> Client:
    return browser(ann)


def rows(**filters: Any) -> list[tuple[str, str, str]]:
    """Actor, action and subject of what was written, oldest first."""
    found = AuditEvent.objects.filter(**filters).order_by("seq")
    return list(found.values_list("actor", "action", "subject"))


def told(client: Client, path: str = "/audit/") -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer.content
    return str(answer.content.decode())


def test_signing_in_and_out_and_failing_to_is_written(browser: Browser, ann: User) -> None:
    client, name = browser(), ann.username
    for password in ("wrong", PASSWORD):
        client.post("/accounts/login/", {"login": name, "password": password})
    client.post("/accounts/logout/")
    assert rows(subject=name, origin="127.0.0.1") == [
        ("", "sign_in.failed", name),
        (name, "sign_in.done", name),
        (name, "sign_in.ended", name),
    ]


def test_a_programs_sign_in_is_written_with_what_it_calls_itself(browser: Browser, ann: User) -> None:
    for password in ("wrong", PASSWORD):
        body = {"username": ann.username, "password": password}
        headers = {"User-Agent": "bot/1"}
        browser().post("/api/token/", body, content_type="application/json", headers=headers)
    assert [action for _, action, _ in rows(subject=ann.username)] == ["sign_in.failed", "sign_in.done"]
    assert AuditEvent.objects.get(actor=ann.username).after == '{"program":"bot/1"}'


def test_what_a_person_changes_is_written_with_how_it_was(client: Client, ann: User, person: Person) -> None:
    bob, account = person(Role.TRADER), ann.accounts.get()
    where = f"/settings/accounts/{account.pk}"
    client.post(f"{where}/share/", {"username": bob.username})
    client.post(f"{where}/share/", {"username": bob.username, "may_trade": "on"})
    client.post(f"{where}/rename/", {"name": "Scalps"})
    client.patch("/api/preferences/", {"sounds": True}, content_type="application/json")
    found = AuditEvent.objects.filter(actor=ann.username, action__in=["account.share", "account.rename"])
    may = f'{{"may_trade":false,"person":"{bob.username}"}}'
    may_trade = may.replace("false", "true")
    assert list(found.order_by("seq").values_list("before", "after")) == [
        ("null", may),
        (may, may_trade),
        ('"Paper"', '"Scalps"'),
    ]
    assert AuditEvent.objects.get(action="user.preferences", actor=ann.username).after == '{"sounds":true}'


def test_no_secret_is_written(browser: Browser, ann: User) -> None:
    client = browser()
    client.post("/accounts/login/", {"login": ann.username, "password": PASSWORD})
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    page = client.post("/settings/tokens/", {"name": "bot", "scopes": ["read"], "days": "30"})
    token = page.content.decode().split('class="secret">')[1].split("<")[0]
    client.post(f"/settings/tokens/{ann.api_tokens.get().pk}/revoke/")
    assert [action for _, action, _ in rows(actor=ann.username)][1:] == ["token.make", "token.revoke"]
    written = str(list(AuditEvent.objects.values()))
    assert PASSWORD not in written
    assert token not in written


def test_the_chain_that_the_web_writes_is_whole(client: Client) -> None:
    client.post("/settings/accounts/open/", {"name": "Another", "cash": "1000"})
    connection = database_at(Path(settings.DATABASES["default"]["NAME"])).connect(read_only=True)
    try:
        report = check(connection, WEB, [settings.AUDIT_KEY])
    finally:
        connection.close()
    assert report.faults == []
    assert report.rows >= 1


def test_an_act_that_fails_leaves_no_line(client: Client, ann: User) -> None:
    before = AuditEvent.objects.count()
    client.post("/settings/accounts/open/", {"name": "Paper", "cash": "1000"})
    assert AuditEvent.objects.count() == before
    assert ann.accounts.count() == 1


def test_a_person_reads_what_they_did_and_an_owner_of_the_terminal_all(
    client: Client, ann: User, browser: Browser, person: Person
) -> None:
    bob, boss = person(Role.TRADER), person(Role.OWNER)
    record(bob.username, "account.rename", "account 7", before="Heron", after="Walrus")
    record(ann.username, "account.rename", "account 8", before="Badger", after="Otter")
    mine = told(client)
    assert "Badger" in mine
    assert "Walrus" not in mine
    assert "Walrus" not in told(client, f"/audit/?who={bob.username}"), "asking for another's shows one's own"
    everything = told(browser(boss))
    assert "Walrus" in everything
    assert "Otter" in everything
    assert "Otter" not in told(browser(boss), f"/audit/?who={bob.username}")


def test_of_something_new_only_what_was_said_is_shown_and_of_a_change_all(client: Client, ann: User) -> None:
    record(ann.username, "order.place", "an order", after={"side": "buy", "limit_price": None, "tag": ""})
    record(ann.username, "risk.limits", "account 8", before={"order": 5}, after={"order": None})

    page = told(client)

    assert "side: buy<" in page
    assert "limit_price" not in page
    assert "order: —" in page


def test_a_share_lets_nobody_read_anothers_acts(ann: User, browser: Browser, person: Person) -> None:
    bob = person(Role.TRADER)
    ownership.share(ann.accounts.get(), bob, may_trade=True)
    record(ann.username, "risk.limits", f"account {ann.accounts.get().pk}", after="Secret limit")
    assert "Secret limit" not in told(browser(bob))


def test_it_is_filtered_by_kind_and_day(client: Client, ann: User) -> None:
    record(ann.username, "token.make", "token cw_abc", after="made")
    record(ann.username, "account.rename", "account 8", after="renamed")
    page = told(client, "/audit/?kind=token.")
    assert "cw_abc" in page
    assert "account 8" not in page
    assert "cw_abc" not in told(client, "/audit/?end=2020-01-01")
    assert "cw_abc" in told(client, "/audit/?start=2020-01-01")


@pytest.mark.parametrize(
    "query", ["start=yesterday", "end=2026-13-01", "cursor=nonsense", "start=9999-99-99"]
)
def test_what_cannot_be_looked_for_is_said(client: Client, query: str) -> None:
    for path in ("/audit/", "/audit/export.csv"):
        answer = client.get(f"{path}?{query}")
        assert answer.status_code == (200 if "cursor" in query and "csv" in path else 422), path


def test_older_rows_are_a_page_away(client: Client, ann: User) -> None:
    for number in range(150):
        record(ann.username, "account.rename", "account 8", after=f"name-{number}")
    page = told(client)
    assert "name-149<" in page
    assert "name-49<" not in page
    older = page.split('href="/audit/?cursor=')[1].split('"')[0]
    second = told(client, f"/audit/?cursor={older}")
    assert "name-49<" in second
    assert "name-149<" not in second


def test_the_csv_holds_all_of_it_and_that_it_was_taken_is_written(client: Client, ann: User) -> None:
    record(ann.username, "account.rename", "account 8", before="=1+1", after={"name": "x,y"})
    answer = client.get("/audit/export.csv?kind=account.")
    assert answer["Content-Type"].startswith("text/csv")
    assert "candlewick-audit.csv" in answer["Content-Disposition"]
    [title, row] = csv.reader(io.StringIO(answer.content.decode()))
    assert title[:4] == ["time", "who", "what", "about"]
    assert row[1:4] == [ann.username, "account.rename", "account 8"]
    assert row[5:7] == ["'=1+1", "name: x,y"], "no spreadsheet takes it for a formula"
    exported = AuditEvent.objects.get(actor=ann.username, action="audit.export")
    assert '"rows":1' in exported.after
