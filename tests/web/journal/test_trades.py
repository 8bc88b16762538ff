"""`/api/dashboard/trades/`: what is listed, found, written, and by whom."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from candlewick.core.events import Candle
from candlewick.store.models import AccountMember, Role, TradeImage, TradeWord, User
from candlewick.web.journal import images
from candlewick.web.services import Services
from tests.web.conftest import Browser, Person
from tests.web.performance.ground import DAY_NS, HOUR_NS, T0, opened, trade

API = "/api/dashboard/trades/"
Write = Callable[..., None]
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(40) + b"\x00\x00\x00\x00IEND\xaeB`\x82"


def listed(client: Client, **query: Any) -> list[dict[str, Any]]:
    answer = client.get(API, query)
    assert answer.status_code == 200, answer.content
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def note(client: Client, id: int, **body: Any) -> Any:
    return client.post(f"{API}{id}/note/", json.dumps(body), content_type="application/json")


def ids(items: list[dict[str, Any]]) -> list[int]:
    return [each["id"] for each in items]


def test_it_lists_trades_newest_first_a_page_at_a_time(
    write: Write, ann: User, account: int, browser: Browser
) -> None:
    batches = [trade(account, "1", day=day) for day in range(5)]
    write(opened(account), *batches)
    client = browser(ann)
    first = client.get(API, {"limit": 3}).json()
    second = client.get(API, {"limit": 3, "cursor": first["next"]}).json()
    numbers = ids(first["items"]) + ids(second["items"])
    assert numbers == sorted(numbers, reverse=True)
    assert len(numbers) == 5
    assert second["next"] is None


def test_it_writes_money_exactly(write: Write, ann: User, account: int, browser: Browser) -> None:
    write(opened(account), trade(account, "0.1234567"))
    body = browser(ann).get(API).content
    assert b'"net":0.1234567,' in body
    assert b'"entry_price":90,' in body


@pytest.mark.parametrize(
    ("query", "nets"),
    [
        ({"side": "short"}, [-5]),
        ({"outcome": "win"}, [20, 10]),
        ({"strategy": "ema"}, [20]),
        ({"strategy": "manual"}, [-5, 10]),
        ({"min_pnl": "-5", "max_pnl": "10"}, [-5, 10]),
        ({"min_pnl": "10.01"}, [20]),
        ({"q": "ema btc"}, [20]),
        ({"q": "nothing"}, []),
        ({"symbol": "ETHUSDT"}, []),
        ({"symbol": "BTC/USDT", "side": "long"}, [20, 10]),
        ({"sort": "net", "order": "rising"}, [-5, 10, 20]),
        ({"status": "open"}, []),
    ],
)
def test_it_filters_and_searches(
    query: dict[str, str], nets: list[int], write: Write, ann: User, account: int, browser: Browser
) -> None:
    write(
        opened(account),
        trade(account, "10", day=0),
        trade(account, "-5", day=1, side="short"),
        trade(account, "20", day=2, origin="strategy", tag="ema"),
    )
    assert [each["net"] for each in listed(browser(ann), **query)] == nets


def test_it_takes_the_last_day_in(write: Write, ann: User, account: int, browser: Browser) -> None:
    write(
        opened(account),
        trade(account, "1", day=0, entered_at=T0),
        trade(account, "2", day=1, entered_at=T0 + DAY_NS),
    )
    found = listed(browser(ann), start="2024-10-04", end="2024-10-04")
    assert [each["net"] for each in found] == [1]
    assert [each["net"] for each in listed(browser(ann), end="2024-10-05T00:00:00Z")] == [1]


@pytest.mark.parametrize(
    "query",
    [
        {"side": "up"}, {"min_pnl": "much"}, {"min_pnl": "nan"}, {"sort": "luck"}, {"rating": "6"},
        {"start": "soon"}, {"limit": "0"}, {"cursor": "%%"}, {"q": "a b c d e f g h i j k"},
    ],
)  # fmt: skip
def test_it_says_what_it_cannot_look_for(
    query: dict[str, str], write: Write, ann: User, account: int, browser: Browser
) -> None:
    write(opened(account), trade(account, "1"))
    answer = browser(ann).get(API, query)
    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"


def test_a_note_is_kept_found_and_taken_away(write: Write, ann: User, account: int, browser: Browser) -> None:
    write(opened(account), trade(account, "10"), trade(account, "20"))
    client = browser(ann)
    second, first = ids(listed(client))
    kept = note(
        client, first, note="Chased the Ausbruch.", tags=["Breakout", " late entry", "breakout"], rating=2
    )
    assert kept.status_code == 200, kept.content
    assert kept.json()["tags"] == ["breakout", "late entry"]
    assert kept.json()["author"] == ann.username
    for query in (
        {"q": "ausb"},
        {"q": "btc late"},
        {"tag": "late entry"},
        {"rating": "2"},
        {"tag": "breakout", "rating": "2"},
    ):
        assert ids(listed(client, **query)) == [first], query
    assert listed(client, tag="breakout", rating="3") == []
    assert listed(client, tag="unknown") == []
    [found] = listed(client, q="ausbruch")
    assert (found["note"], found["rating"]) == ("Chased the Ausbruch.", 2)
    assert note(client, first).status_code == 200
    assert listed(client, q="ausbruch") == []
    assert TradeWord.objects.count() == 0
    assert ids(listed(client)) == [second, first]


@pytest.mark.parametrize(
    "body",
    [
        {"rating": 6},
        {"note": "x" * 10_001},
        {"tags": ["x" * 41]},
        {"tags": [f"t{n}" for n in range(21)]},
        {"mood": "good"},
    ],
)
def test_it_refuses_a_note_that_is_too_much(
    body: dict[str, Any], write: Write, ann: User, account: int, browser: Browser
) -> None:
    write(opened(account), trade(account, "1"))
    [id] = ids(listed(browser(ann)))
    answer = note(browser(ann), id, **body)
    assert answer.status_code == 422
    assert answer.json()["errors"]


def test_it_measures_how_far_a_trade_was_behind_and_ahead(
    write: Write, ann: User, account: int, browser: Browser, services: Services
) -> None:
    entered = T0 + 5 * HOUR_NS
    write(opened(account), trade(account, "10", entered_at=entered, exited_at=entered + 2 * 60 * 10**9))
    start = entered // 10**9
    services.lake.put_candles(
        Candle(
            instrument="sim:BTCUSDT", interval="1m", time=start + 60 * at, open=90.0, high=high, low=low,
            close=91.0, volume=1.0, closed=True, ts_exchange=entered, ts_received=entered,
        )
        for at, (low, high) in enumerate([(89.0, 92.0), (81.0, 95.0), (88.0, 99.0), (1.0, 500.0)])
    )  # fmt: skip
    [id] = ids(listed(browser(ann)))
    told = msgspec.json.decode(browser(ann).get(f"{API}{id}/").content)
    assert told["excursion"] == {"mae": -9, "mae_pct": -10, "mfe": 9, "mfe_pct": 10}
    assert told["chart"]["interval"] == "1m"
    assert [each["quantity"] for each in told["fills"]] == [1]


def test_it_knows_no_excursion_without_bars(write: Write, ann: User, account: int, browser: Browser) -> None:
    write(opened(account), trade(account, "10"))
    [id] = ids(listed(browser(ann)))
    told = browser(ann).get(f"{API}{id}/").json()
    assert set(told["excursion"].values()) == {None}


def test_a_picture_is_what_its_bytes_are(write: Write, ann: User, account: int, browser: Browser) -> None:
    write(opened(account), trade(account, "10"))
    client = browser(ann)
    [id] = ids(listed(client))
    lying = SimpleUploadedFile("chart.png", b"<svg onload=alert(1)>", "image/png")
    assert client.post(f"{API}{id}/screenshots/", {"file": lying}).status_code == 422
    huge = SimpleUploadedFile("chart.png", PNG + bytes(images.LARGEST), "image/png")
    assert client.post(f"{API}{id}/screenshots/", {"file": huge}).status_code == 422
    shown = SimpleUploadedFile("../../evil.html", PNG, "text/html")
    added = client.post(f"{API}{id}/screenshots/", {"file": shown, "title": "The entry"})
    assert added.status_code == 201, added.content
    answer = client.get(added.json()["url"])
    assert answer.content == PNG
    assert answer["Content-Type"] == "image/png"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer["X-Content-Type-Options"] == "nosniff"
    [row] = client.get(f"{API}{id}/").json()["screenshots"]
    assert (row["title"], row["size"]) == ("The entry", len(PNG))
    assert client.delete(f"{API}{id}/screenshots/{row['id']}/").status_code == 204
    assert client.get(added.json()["url"]).status_code == 404
    assert not TradeImage.objects.exists()


def test_owner_writes_member_reads_and_a_stranger_sees_nothing(
    write: Write, ann: User, account: int, person: Person, browser: Browser
) -> None:
    write(opened(account), trade(account, "10"))
    [id] = ids(listed(browser(ann)))
    reader, writer, stranger = person(Role.TRADER), person(Role.TRADER), person(Role.TRADER)
    AccountMember.objects.create(account_id=account, user=reader)
    AccountMember.objects.create(account_id=account, user=writer, may_trade=True)
    assert note(browser(ann), id, note="mine").status_code == 200
    picture = browser(ann).post(f"{API}{id}/screenshots/", {"file": SimpleUploadedFile("a.png", PNG)}).json()
    for user, seen, written in ((reader, 200, 403), (writer, 200, 200), (stranger, 404, 404)):
        client = browser(user)
        assert client.get(f"{API}{id}/?account={account}").status_code == seen
        assert client.get(picture["url"]).status_code == seen
        assert note(client, id, note="theirs", account=account).status_code == written
        removed = client.delete(f"{API}{id}/screenshots/{'0' * 32}/?account={account}").status_code
        assert removed == (404 if written == 200 else written)
    for path in (API, f"{API}{id}/", picture["url"]):
        assert browser().get(path).status_code == 401
    assert note(browser(), id, note="x").status_code == 401


def test_a_trade_of_another_account_is_not_found_by_its_number(
    write: Write, ann: User, account: int, person: Person, browser: Browser
) -> None:
    bob = person(Role.TRADER)
    write(opened(account), trade(account, "10"))
    [id] = ids(listed(browser(ann)))
    assert browser(bob).get(f"{API}{id}/").status_code == 404
    assert note(browser(bob), id, note="x").status_code == 404
    assert browser(bob).get(f"/trades/{id}/").status_code == 404
