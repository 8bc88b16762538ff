"""The performance page and `/api/dashboard/performance/`: what an account made, for those who may see it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.test import Client

from candlewick.core.events import Candle
from candlewick.store.journal.batch import Batch
from candlewick.store.models import AccountMember, Role, User
from candlewick.web.services import Services
from tests.web.conftest import Browser, Person
from tests.web.ground import FakeLink
from tests.web.performance import ground
from tests.web.performance.ground import DAY_NS, FIRST_DAY, HOUR_NS, T0, opened, trade, worth

API = "/api/dashboard/performance"
Write = Callable[..., None]


@pytest.fixture
def write(services: Services, link: FakeLink, tmp_path: Path) -> Iterator[Write]:
    """Writes batches into a ledger of the test's own; the engine knows no more bars than the lake."""
    services.ledger = tmp_path / "ledger.sqlite3"
    services.market_dir = tmp_path / "market"
    link.answers["history"] = lambda symbol, **_: {"instrument": symbol, "tail": [], "fault": None}

    def commit(*batches: Batch) -> None:
        with ground.journal_at(tmp_path / "ledger.sqlite3") as journal:
            journal.commit(list(batches))

    yield commit
    services.close()


@pytest.fixture
def ann(person: Person) -> User:
    return person(Role.TRADER)


def account_of(user: User) -> int:
    return user.accounts.get().pk


def day(number: int) -> str:
    return (FIRST_DAY + timedelta(number)).isoformat()


def asked(client: Client, path: str, **query: Any) -> Any:
    """A JSON answer, its money exact."""
    answer = client.get(f"{API}/{path}/", query)
    assert answer.status_code == 200, answer.content
    return msgspec.json.decode(answer.content)


def test_it_does_not_take_a_deposit_for_profit(write: Write, ann: User, browser: Browser) -> None:
    account = account_of(ann)
    write(opened(account, "1000"), worth(account, ["1000", "1100", "990"]))
    told = asked(browser(ann), "metrics")
    assert told["profit"] == -10
    assert told["return_pct"] == -1.0
    assert told["max_drawdown_pct"] == -10.0
    assert told["basis"] == "equity"
    daily = asked(browser(ann), "returns")["daily"]
    assert [each["return_pct"] for each in daily] == [0.0, 10.0, -10.0]


def test_it_measures_the_way_back_from_a_fall(write: Write, ann: User, browser: Browser) -> None:
    account = account_of(ann)
    write(opened(account), worth(account, ["1000", "800", "900", "1000", "1010"]))
    fall = asked(browser(ann), "drawdown")["maximum"]
    assert fall["depth_pct"] == -20.0
    assert (fall["peak"], fall["trough"], fall["recovered"]) == (day(0), day(1), day(3))
    assert (fall["recovery_days"], fall["days_below"]) == (2, 3)


def test_it_counts_trades_exactly(write: Write, ann: User, browser: Browser) -> None:
    account = account_of(ann)
    nets = ["10.10", "-5.05", "20.20", "0"]
    write(opened(account), *(trade(account, net, day=day) for day, net in enumerate(nets)))
    answer = browser(ann).get(f"{API}/metrics/")
    assert b'"net":25.25' in answer.content
    told = msgspec.json.decode(answer.content, type=dict[str, Any])
    assert (told["trades"], told["wins"], told["losses"], told["win_rate_pct"]) == (4, 2, 1, 50.0)
    assert told["profit_factor"] == 6
    assert told["expectancy"] == 6.3125
    assert told["average_win"] == 15.15
    assert told["average_loss"] == -5.05
    assert told["fees"] == float(Decimal("0.1001") * 4)


def test_it_says_null_where_a_figure_is_undefined(write: Write, ann: User, browser: Browser) -> None:
    write(opened(account_of(ann)), worth(account_of(ann), ["1000"]))
    told = asked(browser(ann), "metrics")
    for name in (
        "sharpe",
        "sortino",
        "volatility_pct",
        "profit_factor",
        "win_rate_pct",
        "expectancy",
        "calmar",
    ):
        assert told[name] is None, name


def test_it_follows_closed_trades_until_samples_begin(write: Write, ann: User, browser: Browser) -> None:
    account = account_of(ann)
    write(opened(account), trade(account, "100.1001", day=0), worth(account, ["1200"], day=2))
    curve = asked(browser(ann), "equity-curve")
    assert curve["basis"] == "mixed"
    assert [each["equity"] for each in curve["points"]] == [1100, 1100, 1200]


def test_it_looks_only_at_the_days_asked_for(write: Write, ann: User, browser: Browser) -> None:
    account = account_of(ann)
    write(opened(account), worth(account, ["1000", "1100", "1210"]), trade(account, "7", day=0))
    told = asked(browser(ann), "metrics", start=day(1))
    assert (told["start"], told["days"], told["return_pct"], told["trades"]) == (day(1), 2, 21.0, 0)


def test_it_refuses_a_span_that_ends_before_it_begins(write: Write, ann: User, browser: Browser) -> None:
    write(opened(account_of(ann)))
    answer = browser(ann).get(f"{API}/metrics/", {"start": "2024-02-01", "end": "2024-01-01"})
    assert answer.status_code == 422
    assert "after the end" in answer.json()["detail"]
    shown = browser(ann).get("/performance/?start=2024-02-01&end=2024-01-01")
    assert shown.status_code == 422
    assert "after the end" in shown.content.decode()


def test_it_breaks_trades_down(write: Write, ann: User, browser: Browser) -> None:
    account = account_of(ann)
    write(
        opened(account),
        trade(account, "10", side="long"),
        trade(account, "-4", side="short", origin="strategy", tag="ema"),
    )
    client = browser(ann)
    by_side = {each["value"]: each["net"] for each in client.get(f"{API}/breakdown/?by=side").json()}
    assert by_side == {"long": 10, "short": -4}
    by_strategy = {
        each["value"]: each["trades"] for each in client.get(f"{API}/breakdown/?by=strategy").json()
    }
    assert by_strategy == {"manual": 1, "ema": 1}
    assert client.get(f"{API}/breakdown/?by=moon").status_code == 422


def test_the_page_shows_figures_and_what_the_market_was_like(
    write: Write, ann: User, browser: Browser
) -> None:
    account = account_of(ann)
    write(opened(account), trade(account, "10"), worth(account, ["1000", "1100", "990", "1040", "1050"]))
    page = browser(ann).get("/performance/").content.decode()
    assert "+50.00" in page  # net profit
    assert "+5.00%" in page
    assert "−10.00%" in page
    assert 'class="bins"' in page
    assert 'class="heat"' in page
    part = browser(ann).get("/performance/market/").content.decode()
    assert "Trend at entry" in part
    assert "Not known" in part  # the lake of this test holds no bars


@pytest.mark.parametrize(("days", "waiting"), [(29, 5), (30, 0)])
def test_every_figure_of_a_year_waits_for_thirty_days(
    days: int, waiting: int, write: Write, ann: User, browser: Browser
) -> None:
    account = account_of(ann)
    write(opened(account), trade(account, "10"), worth(account, [str(1000 + at % 7) for at in range(days)]))
    page = browser(ann).get("/performance/").content.decode()
    assert page.count("after 30 days") == waiting
    told = asked(browser(ann), "metrics")
    assert told["days"] == days
    assert None not in (
        told["sharpe"],
        told["sortino"],
        told["volatility_pct"],
        told["cagr_pct"],
        told["calmar"],
    )


def test_the_page_says_that_there_is_nothing_yet(
    write: Write, ann: User, browser: Browser, services: Services
) -> None:
    assert "Nothing to measure yet" in browser(ann).get("/performance/").content.decode()  # no ledger at all
    write(opened(account_of(ann) + 1000))
    assert "Nothing to measure yet" in browser(ann).get("/performance/").content.decode()
    assert (
        "Nothing happened"
        in browser(ann).get("/performance/?start=2001-01-01&end=2001-02-01").content.decode()
    )


@pytest.mark.parametrize("path", ["equity-curve", "metrics", "drawdown", "returns", "breakdown"])
def test_owner_and_member_see_it_and_a_stranger_does_not(
    path: str, write: Write, ann: User, person: Person, browser: Browser
) -> None:
    account = account_of(ann)
    write(opened(account))
    member, stranger = person(Role.VIEWER), person(Role.TRADER)
    AccountMember.objects.create(account_id=account, user=member)
    address = f"{API}/{path}/?account={account}"
    assert browser(ann).get(address).status_code == 200
    assert browser(member).get(address).status_code == 200
    assert browser(stranger).get(address).status_code == 404
    assert browser().get(address).status_code == 401


@pytest.mark.parametrize("path", ["/performance/", "/performance/market/"])
def test_the_page_is_for_owner_and_member_alone(
    path: str, write: Write, ann: User, person: Person, browser: Browser
) -> None:
    account = account_of(ann)
    write(opened(account))
    member, stranger = person(Role.VIEWER), person(Role.TRADER)
    AccountMember.objects.create(account_id=account, user=member)
    assert browser(member).get(f"{path}?account={account}").status_code == 200
    assert browser(stranger).get(f"{path}?account={account}").status_code == 404
    assert browser().get(path).status_code == 302


def test_it_measures_while_the_engine_is_away(
    write: Write, ann: User, browser: Browser, link: FakeLink
) -> None:
    account = account_of(ann)
    write(opened(account), trade(account, "10"), worth(account, ["1000", "1100"]))
    link.go()
    assert "+100.00" in browser(ann).get("/performance/").content.decode()
    part = browser(ann).get("/performance/market/")
    assert part.status_code == 200
    assert "it takes 20" in part.content.decode()


def test_trades_are_told_apart_by_the_market_they_were_entered_in(
    write: Write, ann: User, browser: Browser, services: Services
) -> None:
    account, start = account_of(ann), T0 // 10**9
    write(
        opened(account), trade(account, "10", entered_at=T0 + 1), trade(account, "-3", entered_at=T0 + DAY_NS)
    )
    closes = [100.0 + at for at in range(30)] + [60.0]  # it rises, and falls on the day of the first entry
    services.lake.put_candles(
        Candle(
            instrument="sim:BTCUSDT", interval="1d", time=start + 86_400 * (at - 30), open=close, high=close,
            low=close, close=close, volume=1.0, closed=True, ts_exchange=T0, ts_received=T0,
        )
        for at, close in enumerate(closes)
    )  # fmt: skip
    part = browser(ann).get("/performance/market/").content.decode()
    rising, sideways = part.index("Rising"), part.index("Sideways")
    assert rising < part.index("+10.00") < sideways < part.index("−3.00")


def test_it_measures_nothing_of_an_account_that_never_traded(
    write: Write, ann: User, browser: Browser
) -> None:
    account = account_of(ann)
    write(opened(account), worth(account, ["1000", "1000"]))
    assert "Nothing to measure yet" in browser(ann).get("/performance/").content.decode()


def test_exposure_is_the_part_of_the_time_that_has_passed(write: Write, ann: User, browser: Browser) -> None:
    account = account_of(ann)
    half = trade(account, "10", entered_at=T0, exited_at=T0 + DAY_NS // 2)
    write(opened(account), half, worth(account, ["1000", "1010"]))
    assert asked(browser(ann), "metrics", end=day(0))["exposure_pct"] == 50.0
    assert asked(browser(ann), "metrics")["exposure_pct"] == 25.0


def test_what_is_held_today_is_not_counted_for_the_rest_of_the_day(
    write: Write, ann: User, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = account_of(ann)
    still = trade(account, "0", entered_at=T0 + 9 * HOUR_NS, exited_at=None, status="open")
    write(opened(account), still, worth(account, ["1000"]))
    monkeypatch.setattr("candlewick.web.performance.figures.time.time_ns", lambda: T0 + 12 * HOUR_NS)
    assert asked(browser(ann), "metrics")["exposure_pct"] == 25.0
