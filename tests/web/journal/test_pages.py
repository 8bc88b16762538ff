"""`/trades/`: the list, a trade by itself, and writing about it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from candlewick.store.models import AccountMember, AuditEvent, Role, TradeNote, User
from candlewick.web.journal import notes
from tests.web.conftest import Browser, Person
from tests.web.ground import FakeLink
from tests.web.journal.test_trades import PNG, ids, listed
from tests.web.performance.ground import opened, trade

Write = Callable[..., None]


def test_it_shows_a_hundred_trades_and_where_the_next_are(
    write: Write, ann: User, account: int, browser: Browser
) -> None:
    write(opened(account), *(trade(account, "1") for _ in range(120)))
    client = browser(ann)
    page = client.get("/trades/").content.decode()
    assert page.count('role="row"') == 102  # with the titles, and the way to more
    assert "120 trades" in page
    [older] = re.findall(r'hx-get="([^"]+)"', page)
    rest = client.get(older.replace("&amp;", "&")).content.decode()
    assert rest.count('role="row"') == 20
    assert "hx-get" not in rest


def test_a_page_that_was_put_away_comes_back_as_it_was(
    write: Write, ann: User, account: int, browser: Browser
) -> None:
    write(opened(account), *(trade(account, "1") for _ in range(120)))
    client = browser(ann)
    page = client.get("/trades/?side=long").content.decode()
    [older] = re.findall(r'hx-get="([^"]+)"', page)
    second = client.get(older.replace("&amp;", "&")).content.decode()
    [again] = re.findall(r'data-from="([^"]+)"', second)
    assert client.get(again.replace("&amp;", "&")).content.decode() == second


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("?side=up", "is none of long, short"),
        ("?min_pnl=x", "is no number"),
        ("?outcome=loss", "No trade is like that"),
    ],
)
def test_it_says_why_nothing_is_listed(
    query: str, told: str, write: Write, ann: User, account: int, browser: Browser
) -> None:
    write(opened(account), trade(account, "1"))
    assert told in browser(ann).get(f"/trades/{query}").content.decode()


def test_it_says_when_notes_found_more_than_it_lists(
    write: Write, ann: User, account: int, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(opened(account), *(trade(account, "1") for _ in range(3)))
    client = browser(ann)
    numbers = ids(listed(client))
    for id in numbers:
        client.post(f"/trades/{id}/note/", {"note": "patient"})
    assert "Look for less" not in client.get("/trades/?q=patient").content.decode()
    monkeypatch.setattr(notes, "MOST_FOUND", 2)
    page = client.get("/trades/?q=patient").content.decode()
    assert "the newest 2 of them" in page
    assert ids(listed(client, q="patient")) == numbers[:2]


def test_it_says_that_there_are_no_trades_yet(
    write: Write, ann: User, account: int, browser: Browser
) -> None:
    assert "No trades yet" in browser(ann).get("/trades/").content.decode()
    write(opened(account))
    assert "No trades yet" in browser(ann).get("/trades/").content.decode()


def test_a_note_is_typed_and_stands_there(write: Write, ann: User, account: int, browser: Browser) -> None:
    write(opened(account), trade(account, "10"))
    client = browser(ann)
    [id] = ids(listed(client))
    answer = client.post(f"/trades/{id}/note/", {"note": "<b>bold</b>", "tags": "news, fade", "rating": "4"})
    assert answer.status_code == 302
    page = client.get(f"/trades/{id}/").content.decode()
    assert "&lt;b&gt;bold" in page
    assert 'value="news, fade"' in page
    row = client.get("/trades/?tag=fade").content.decode()
    assert "★★★★" in row
    assert '<span class="tag">news</span>' in row
    assert AuditEvent.objects.filter(action="trade.note", actor=ann.username).count() == 1


def test_a_note_that_is_too_long_is_refused_and_the_old_one_stays(
    write: Write, ann: User, account: int, browser: Browser
) -> None:
    write(opened(account), trade(account, "10"))
    client = browser(ann)
    [id] = ids(listed(client))
    client.post(f"/trades/{id}/note/", {"note": "old"})
    answer = client.post(f"/trades/{id}/note/", {"note": "x" * 10_001})
    assert answer.status_code == 422
    assert "Nothing was changed" in answer.content.decode()
    assert TradeNote.objects.get().text == "old"


def test_a_picture_is_added_and_removed(write: Write, ann: User, account: int, browser: Browser) -> None:
    write(opened(account), trade(account, "10"))
    client = browser(ann)
    [id] = ids(listed(client))
    refused = client.post(f"/trades/{id}/screenshots/", {"file": SimpleUploadedFile("a.png", b"GIF89a")})
    assert refused.status_code == 422
    assert "no PNG, JPEG or WebP" in refused.content.decode()
    client.post(f"/trades/{id}/screenshots/", {"file": SimpleUploadedFile("a.png", PNG), "title": "Top"})
    page = client.get(f"/trades/{id}/").content.decode()
    assert 'alt="Top"' in page
    [name] = re.findall(r'name="remove" value="([0-9a-f]{32})"', page)
    client.post(f"/trades/{id}/screenshots/", {"remove": name})
    assert "<img" not in client.get(f"/trades/{id}/").content.decode()


def test_a_reader_is_shown_no_form_and_may_not_write(
    write: Write, ann: User, account: int, person: Person, browser: Browser
) -> None:
    write(opened(account), trade(account, "10"))
    [id] = ids(listed(browser(ann)))
    reader = person(Role.VIEWER)
    AccountMember.objects.create(account_id=account, user=reader)
    client = browser(reader)
    page = client.get(f"/trades/{id}/?account={account}").content.decode()
    assert "Nothing is noted" in page
    assert "<textarea" not in page
    assert client.post(f"/trades/{id}/note/?account={account}", {"note": "x"}).status_code == 403
    assert client.post(f"/trades/{id}/screenshots/?account={account}", {}).status_code == 403


@pytest.mark.parametrize("path", ["/trades/", "/trades/rows/"])
def test_the_list_is_for_owner_and_member_alone(
    path: str, write: Write, ann: User, account: int, person: Person, browser: Browser
) -> None:
    write(opened(account), trade(account, "10"))
    assert browser(ann).get(path).status_code == 200
    assert browser(person(Role.TRADER)).get(f"{path}?account={account}").status_code == 404
    assert browser().get(path).status_code == 302


def test_a_trade_is_shown_while_the_engine_is_away(
    write: Write, ann: User, account: int, browser: Browser, link: FakeLink
) -> None:
    write(opened(account), trade(account, "10"))
    client = browser(ann)
    [id] = ids(listed(client))
    link.go()
    page = client.get(f"/trades/{id}/")
    assert page.status_code == 200
    assert "no bars of its time" in page.content.decode()
    assert client.get("/trades/").status_code == 200
