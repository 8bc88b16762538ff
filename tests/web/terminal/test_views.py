"""The terminal's page, as a browser gets it."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable

import pytest
from django.test import Client

from candlewick.store.models import AccountMember, Role, User
from candlewick.web.people import preferences
from candlewick.web.people.preferences import Preferences
from candlewick.web.watchlist import keep
from tests.web import ground

Browser = Callable[..., Client]
Person = Callable[[Role], User]
ROLES = list(Role)


def _page(client: Client, query: str = "") -> str:
    answer = client.get(f"/terminal/{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def _start(page: str) -> dict[str, object]:
    found = re.search(r'<script type="application/json" id="start">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    start: dict[str, object] = json.loads(found[1])
    return start


def test_a_stranger_is_sent_to_sign_in_and_back_again(browser: Browser) -> None:
    answer = browser().get("/terminal/?symbol=ETHUSDT")

    assert answer.status_code == 302
    assert answer["Location"].endswith("/login/?next=/terminal/%3Fsymbol%3DETHUSDT")


@pytest.mark.parametrize("role", ROLES)
def test_everybody_who_is_signed_in_sees_the_terminal(browser: Browser, person: Person, role: Role) -> None:
    assert _start(_page(browser(person(role)), "?symbol=ETHUSDT&interval=5m"))["symbol"] == "ETHUSDT"


def test_each_person_sees_their_own_watchlist(browser: Browser, person: Person) -> None:
    one, other = person(Role.VIEWER), person(Role.VIEWER)
    keep(one.pk, ["sim:SOLUSDT"])
    keep(other.pk, ["sim-east:BTCUSDT", "sim:ETHUSDT"])

    assert _start(_page(browser(one)))["watchlist"] == ["SOLUSDT"]
    assert _start(_page(browser(other)))["watchlist"] == ["sim-east:BTCUSDT", "ETHUSDT"]


def test_the_page_is_only_read(browser: Browser, person: Person) -> None:
    assert browser(person(Role.OWNER)).post("/terminal/").status_code == 405


def test_no_cache_keeps_a_persons_page(browser: Browser, person: Person) -> None:
    assert "no-store" in browser(person(Role.VIEWER)).get("/terminal/")["Cache-Control"]


def test_the_one_inline_script_carries_the_nonce_of_the_policy(browser: Browser, person: Person) -> None:
    answer = browser(person(Role.VIEWER)).get("/terminal/")

    nonce = re.search(r"'nonce-([^']+)'", answer["Content-Security-Policy"])
    assert nonce is not None
    page = answer.content.decode()
    assert f'<script type="importmap" nonce="{nonce[1]}">' in page
    assert "'unsafe" not in answer["Content-Security-Policy"]
    # a style attribute or a handler in the markup would be refused by the policy
    assert not re.search(r"<[^>]+\s(style|on\w+)=", page)


def test_it_says_that_the_engine_is_away_where_it_has_never_been_seen(
    browser: Browser, person: Person, link: ground.FakeLink
) -> None:
    link.connected, link.primary, link.instruments = False, "", {}

    answer = browser(person(Role.OWNER)).get("/terminal/")

    assert answer.status_code == 503
    assert answer["Refresh"] == answer["Retry-After"] == "1"
    assert "The engine is away" in answer.content.decode()


def test_it_stays_while_a_known_engine_is_restarted(
    browser: Browser, person: Person, link: ground.FakeLink
) -> None:
    link.connected = False

    assert _start(_page(browser(person(Role.VIEWER))))["strip"]


@pytest.mark.parametrize("simulated", [True, False])
def test_a_simulated_venue_is_called_so(
    browser: Browser, person: Person, link: ground.FakeLink, simulated: bool
) -> None:
    link.instruments = {"sim:BTCUSDT": ground.instrument("BTCUSDT") | {"simulated": simulated}}

    page = _page(browser(person(Role.VIEWER)))

    badge = re.search(r'<span class="badge" id="simulated"[^>]*?( hidden)?>', page)
    assert badge is not None
    assert (badge[1] is None) is simulated
    assert ("Every price on this page is simulated." in page) is simulated


@pytest.mark.parametrize(("mode", "shown"), [("replay", True), ("live", False)])
def test_only_a_replay_has_controls(
    browser: Browser, person: Person, link: ground.FakeLink, mode: str, shown: bool
) -> None:
    link.mode = mode

    assert ('id="replay-pause"' in _page(browser(person(Role.TRADER)))) is shown


@pytest.mark.parametrize(("role", "may"), [(Role.OWNER, True), (Role.TRADER, True), (Role.VIEWER, False)])
def test_who_may_not_move_a_replay_sees_its_position_alone(
    browser: Browser, person: Person, link: ground.FakeLink, role: Role, may: bool
) -> None:
    link.mode = "replay"

    page = _page(browser(person(role)))

    assert 'id="replay-position"' in page
    assert ('id="replay-pause"' in page) is may


def test_a_hostile_symbol_comes_back_as_no_markup(browser: Browser, person: Person) -> None:
    hostile = '"><img src=x onerror=alert(1)>'

    page = _page(browser(person(Role.VIEWER)), f"?symbol={hostile}&interval={hostile}")

    assert hostile not in page
    assert hostile not in html.unescape(re.sub(r'href="[^"]*"', "", page))


def test_the_page_carries_the_token_that_its_requests_need(browser: Browser, person: Person) -> None:
    assert 'name="csrfmiddlewaretoken"' in _page(browser(person(Role.VIEWER)))


@pytest.mark.parametrize("path", ["/no/such/page/", "/static/no-such-file.js"])
def test_a_missing_page_looks_like_ours(browser: Browser, person: Person, path: str) -> None:
    answer = browser(person(Role.VIEWER)).get(path)

    assert answer.status_code == 404
    assert "There is no such page" in answer.content.decode()


def test_whoever_has_an_account_gets_a_ticket_for_what_is_shown(browser: Browser, person: Person) -> None:
    trader = person(Role.TRADER)

    page = _page(browser(trader), "?symbol=BTCUSDT-PERP")

    assert 'data-component="order"' in page
    assert 'data-symbol="BTCUSDT-PERP"' in page
    account = trader.accounts.get()
    assert _start(page)["account"] == {
        "id": account.pk,
        "name": "Paper",
        "currency": "USDT",
        "may_trade": True,
        "may_manage_risk": True,
    }


def test_whoever_has_none_sees_the_market_alone(browser: Browser, person: Person) -> None:
    page = _page(browser(person(Role.VIEWER)))

    assert _start(page)["account"] is None
    assert "ticket" not in re.sub(r'href="[^"]*"', "", page.partition("<main")[2].partition("</main>")[0])
    assert 'id="chart"' in page


def test_a_member_who_may_only_look_has_a_ticket_that_cannot_be_sent(
    browser: Browser, person: Person
) -> None:
    owner, viewer = person(Role.TRADER), person(Role.VIEWER)
    AccountMember.objects.create(account=owner.accounts.get(), user=viewer, may_trade=False)

    page = _page(browser(viewer))

    assert re.search(r'id="ticket-go" type="submit" disabled', page)
    assert 'id="cancel-all"' not in page
    assert "Trading keys" not in page


def test_a_strangers_account_is_not_shown(browser: Browser, person: Person) -> None:
    owner, stranger = person(Role.TRADER), person(Role.TRADER)

    answer = browser(stranger).get(f"/terminal/?account={owner.accounts.get().pk}")

    assert answer.status_code == 404


def test_the_page_knows_how_the_person_likes_it(browser: Browser, person: Person) -> None:
    trader = person(Role.TRADER)
    preferences.keep(trader.pk, Preferences(confirm_orders=False, size_by="equity_pct"))

    page = _page(browser(trader))

    chosen = _start(page)["preferences"]
    assert isinstance(chosen, dict)
    assert chosen["confirm_orders"] is False
    assert '<option value="equity_pct" selected>' in page
