"""Who gets in where: every page, REST operation, live channel and component, and everybody who may try.

The lists are made from what the server really answers. Whatever is added there and has no row here fails
the test of its kind: say who may come in. Whoever is kept out must not have made the engine, or the
ledger's records, say anything about the account.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from candlewick.core.errors import CandlewickError, EngineAway, StoreError
from candlewick.runtime.jobs import desk
from candlewick.store import venue_keys
from candlewick.store.keys import MasterKey, Vault
from candlewick.store.models import Account, AccountMember, Role, StrategyAtWork, TradeImage, User
from candlewick.web.api.access import scope_of
from candlewick.web.api.root import api
from candlewick.web.components.registry import registry
from candlewick.web.live import channels
from candlewick.web.people import accounts, api_tokens, identity, ownership
from candlewick.web.people.first_owner import add_person
from candlewick.web.research.kinds import kinds
from candlewick.web.services import Services
from tests.web import ground
from tests.web.conftest import Browser

# --- who tries

VISITORS: Final = (
    "owner",  # of the account
    "member",  # who may see it
    "trading member",
    "viewer",  # a member who was told to trade, and whose role does not permit it
    "stranger",  # a trader with an account of their own
    "house owner",  # who owns the terminal, and not this account
    "nobody",  # not signed in
    "token",  # the account owner's, without the scope that the request takes
)
Outcome: TypeAlias = str  # "in", "forbidden", "hidden" or "sign in"
Rule: TypeAlias = dict[str, Outcome]


def rule(*let_in: str, strangers: Outcome = "hidden", others: Outcome = "forbidden") -> Rule:
    """Those named get in; strangers are told that there is nothing, members that they may not."""
    found = dict.fromkeys(VISITORS, others)
    found |= {"stranger": strangers, "house owner": strangers, "nobody": "sign in", "token": "forbidden"}
    return found | dict.fromkeys(let_in, "in")


TRADE: Final = 7  # number of a trade of the account
MEMBERS: Final = ("owner", "member", "trading member", "viewer")
EVERYBODY: Final = dict.fromkeys(VISITORS, "in")
SIGNED_IN: Final = rule(*MEMBERS, "stranger", "house owner")
NOT_VIEWERS: Final = SIGNED_IN | {"viewer": "forbidden"}
SEES: Final = rule(*MEMBERS)
TRADES: Final = rule("owner", "trading member")
OWNS: Final = rule("owner")
OWN_THING: Final = rule("owner", others="hidden")
HOUSE: Final = rule("house owner", strangers="forbidden")


class World:
    """An account, those who have to do with it, and an engine that remembers whom it was asked about."""

    def __init__(self, browser: Browser, services: Services, link: ground.FakeLink) -> None:
        def someone(role: Role) -> User:
            return add_person(ground.unique(role.value), role)

        self._browser = browser
        self.link = link
        self.people = {
            "owner": someone(Role.TRADER),
            "member": someone(Role.TRADER),
            "trading member": someone(Role.TRADER),
            "viewer": someone(Role.VIEWER),
            "stranger": someone(Role.TRADER),
            "house owner": someone(Role.OWNER),
        }
        self.account: Account = self.people["owner"].accounts.get()
        for name in ("member", "trading member", "viewer"):
            ownership.share(self.account, self.people[name], may_trade=name != "member")
        self.member = AccountMember.objects.get(user=self.people["member"])
        self.token, _ = api_tokens.issue(self.people["owner"], "of the owner", ["read"])
        vault = Vault([MasterKey.new()])
        self.key = venue_keys.add(vault, self.people["owner"], "a-venue", "main", key="k", secret="s")
        self.study = desk.submit(self.people["owner"].pk, "backtest", {}, name="A study", draft=True)
        self.strategy = StrategyAtWork.objects.create(
            account=self.account,
            name="EmaCross",
            tag=ground.unique("EmaCross"),
            spec={"symbols": ["sim:ETHUSDT"], "timeframe": "1h"},
            created_ns=0,
            changed_ns=0,
        )
        link.answers = _Anything()
        services.__dict__["records"] = _Records(link)

    def client(self, visitor: str) -> Client:
        client = self._browser(self.people.get(visitor))
        client.raise_request_exception = False
        return client

    def bearer(self, lacking: str) -> dict[str, str]:
        """The header of a token of the account's owner that may do everything but this."""
        scopes = {"read", "write", "trade", "risk", "accounts"} - {lacking}
        _, token = api_tokens.issue(self.people["owner"], "lacking", scopes)
        return {"Authorization": f"Bearer {token}"}

    def person(self, visitor: str) -> identity.Person:
        return identity.of_user(self.people[visitor])

    def picture(self) -> str:
        """Name of a picture of a trade of the account, which has a file."""
        found, _ = TradeImage.objects.get_or_create(
            account=self.account, trip=TRADE, defaults={"kind": "png", "size": 1}
        )
        path = settings.DATA_DIR / "screenshots" / str(self.account.pk) / f"{found.name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"a picture")
        return found.name

    def asked_about_the_account(self) -> list[Any]:
        return [each for each in self.link.asked if each[1].get("account") == self.account.pk]


class _Anything(dict[str, Callable[..., Any]]):
    """Has heard every question, and then is away: who got so far got in."""

    def __missing__(self, verb: str) -> Callable[..., Any]:
        def away(**_: Any) -> None:
            raise EngineAway("The engine is away.")

        return away


class _Records:
    """The ledger's records: they too have heard every question, and are then away."""

    def __init__(self, link: ground.FakeLink) -> None:
        self._link = link

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def answer(account: int, *args: Any, **kwargs: Any) -> Any:
            self._link.asked.append((f"records.{name}", {"account": account}))
            raise StoreError("The records are away.")

        return answer

    def close(self) -> None: ...


@pytest.fixture
def world(browser: Browser, services: Services, link: ground.FakeLink) -> Callable[..., World]:
    """The world as it was at first. One in which nobody has changed anything may be had `again`."""
    kept: list[World] = []

    def make(*, again: bool = False) -> World:
        if not (kept and again):
            kept[:] = [World(browser, services, link)]
        link.asked.clear()
        return kept[0]

    return make


def outcome_of(answer: Any) -> Outcome:
    if answer.status_code == 302 and answer.url.startswith("/accounts/login/"):
        return "sign in"
    return {401: "sign in", 403: "forbidden", 404: "hidden"}.get(answer.status_code, "in")


def check(world: World, visitor: str, expected: Outcome, answer: Any) -> None:
    told = f"{visitor}: {answer.status_code} {answer.content[:300]!r}"
    assert outcome_of(answer) == expected, told
    assert answer.status_code != 500, told
    if expected != "in":
        assert not world.asked_about_the_account(), f"{visitor} was refused, and yet the engine was asked"


# --- pages


@dataclass(frozen=True)
class Page:
    """A row: who gets in, how it is asked for, and with what. `about`: an account named in the query."""

    rule: Rule
    method: str = "GET"
    form: dict[str, Any] = field(default_factory=dict)
    arguments: Callable[[World], tuple[Any, ...]] = lambda world: ()
    about: bool = False


def _account(world: World) -> tuple[int]:
    return (world.account.pk,)


def _trade(world: World) -> tuple[int]:
    return (TRADE,)


def _study(world: World) -> tuple[str]:
    return (world.study.pk,)


PAGES: Final[dict[str, Page]] = {
    "dashboard": Page(SEES, about=True),
    "dashboard_trades": Page(SEES, about=True),
    "readyz": Page(EVERYBODY),
    "metrics": Page(EVERYBODY),  # from this machine; tests/web/test_server.py has the rest
    "login_link": Page(EVERYBODY, arguments=lambda world: ("spent",)),
    "account_login": Page(EVERYBODY),
    "account_logout": Page(EVERYBODY | {"nobody": "sign in"}),
    "account_inactive": Page(EVERYBODY),
    "account_reauthenticate": Page(rule(strangers="forbidden")),  # nobody here has a password to show
    "account_change_password": Page(SIGNED_IN),
    "account_set_password": Page(SIGNED_IN),
    "mfa_index": Page(SIGNED_IN),
    "mfa_authenticate": Page(SIGNED_IN | {"nobody": "sign in"}),
    "mfa_reauthenticate": Page(rule(strangers="forbidden")),  # nor a second factor
    "mfa_activate_totp": Page(SIGNED_IN),
    "mfa_deactivate_totp": Page(rule(strangers="hidden", others="hidden")),  # nobody here has it on
    "mfa_view_recovery_codes": Page(rule(strangers="hidden", others="hidden")),
    "mfa_generate_recovery_codes": Page(SIGNED_IN),
    "terminal": Page(SIGNED_IN),
    "charts": Page(SIGNED_IN),
    "portfolio": Page(SEES, about=True),
    "portfolio_orders": Page(SEES, about=True),
    "portfolio_holdings": Page(SEES, about=True),
    "portfolio_cancel": Page(TRADES, "POST", {"event": "cancel_all"}, about=True),
    "research": Page(SIGNED_IN),
    "research_new": Page(NOT_VIEWERS),
    "research_parameters": Page(NOT_VIEWERS),
    "research_compare": Page(SIGNED_IN),
    "study": Page(OWN_THING, arguments=_study),
    "study_part": Page(OWN_THING, arguments=_study),
    "study_act": Page(OWN_THING | {"viewer": "forbidden"}, "POST", {"do": "cancel"}, _study),
    "study_note": Page(OWN_THING, "POST", {"name": "Mine"}, _study),
    "study_tear_sheet": Page(rule(strangers="hidden", others="hidden"), arguments=_study),  # it has none
    "strategies": Page(SIGNED_IN),
    "strategies_working": Page(SEES, about=True),
    "strategy": Page(SIGNED_IN, arguments=lambda world: ("EmaCross",)),
    "strategy_start": Page(NOT_VIEWERS, arguments=lambda world: ("EmaCross",)),
    "strategy_at_work": Page(SEES, arguments=lambda world: (world.strategy.pk,), about=True),
    "strategy_part": Page(SEES, arguments=lambda world: (world.strategy.pk,), about=True),
    "strategy_drift": Page(SEES, arguments=lambda world: (world.strategy.pk,), about=True),
    "strategy_act": Page(TRADES, "POST", {"do": "pause"}, lambda world: (world.strategy.pk,), about=True),
    "risk": Page(SEES, about=True),
    "risk_tail": Page(SEES, about=True),
    "risk_limits": Page(TRADES, "POST", {"warn_pct": "70"}, about=True),
    "trades": Page(SEES, about=True),
    "trade_rows": Page(SEES, about=True),
    "trade": Page(SEES, arguments=_trade, about=True),
    "trade_note": Page(TRADES, "POST", {"note": "late"}, _trade, about=True),
    "trade_screenshots": Page(TRADES, "POST", {"remove": "none"}, _trade, about=True),
    "performance": Page(SEES, about=True),
    "performance_market": Page(SEES, about=True),
    "settings": Page(SIGNED_IN),
    "sign_out_elsewhere": Page(SIGNED_IN, "POST"),
    "settings_accounts": Page(SIGNED_IN),
    "open_account": Page(NOT_VIEWERS, "POST", {"name": "Another", "cash": "1000"}),
    "choose_account": Page(SEES, "POST", {"account": "{account}"}),
    "rename_account": Page(OWNS, "POST", {"name": "Mine"}, _account),
    "archive_account": Page(OWNS, "POST", {"confirm": "Paper"}, _account),
    "share_account": Page(OWNS, "POST", {"username": "{stranger}"}, _account),
    "unshare_account": Page(
        rule("owner", "member", others="hidden"),
        "POST",
        arguments=lambda world: (world.account.pk, world.member.pk),
    ),
    "settings_tokens": Page(SIGNED_IN),
    "settings_people": Page(HOUSE),
    "change_role": Page(HOUSE, "POST", {"role": "viewer"}, lambda world: (world.people["owner"].pk,)),
    "close_person": Page(HOUSE, "POST", {"active": "no"}, lambda world: (world.people["owner"].pk,)),
    "reset_person": Page(HOUSE, "POST", arguments=lambda world: (world.people["owner"].pk,)),
    "settings_keys": Page(NOT_VIEWERS),
    "remove_key": Page(OWN_THING | {"viewer": "forbidden"}, "POST", arguments=lambda world: (world.key.pk,)),
    "revoke_token": Page(OWN_THING, "POST", arguments=lambda world: (world.token.pk,)),
    "audit": Page(SIGNED_IN),  # what is in it differs: tests/web/audit has that
    "audit_export": Page(SIGNED_IN),
    "component": Page(SIGNED_IN, arguments=lambda world: ("watchlist",)),  # each has rows of its own below
}


def every_page() -> list[str]:
    """Names of all that Django answers beside the API."""

    def names(patterns: Iterable[URLPattern | URLResolver]) -> Iterable[str]:
        for each in patterns:
            if isinstance(each, URLPattern):
                yield each.name or f"(unnamed) {each.pattern}"
            elif each.namespace != "api":
                yield from names(each.url_patterns)

    return sorted(names(get_resolver().url_patterns))


def test_every_page_has_a_row() -> None:
    assert every_page() == sorted(PAGES), "say in PAGES who may come in"


@pytest.mark.parametrize("name", sorted(PAGES))
def test_pages_let_in_whom_they_should(world: Callable[..., World], name: str) -> None:
    row = PAGES[name]
    nothing_changed = True
    for visitor in VISITORS:
        if visitor == "token":
            continue  # no page takes one: they are as nobody, which `test_no_page_takes_a_token` shows
        here = world(again=nothing_changed)
        nothing_changed = row.method == "GET" or row.rule[visitor] != "in"
        words = {"account": here.account.pk, "stranger": here.people["stranger"].username}
        form = {key: str(value).format(**words) for key, value in row.form.items()}
        path = reverse(name, args=row.arguments(here)) + (f"?account={here.account.pk}" if row.about else "")
        client = here.client(visitor)
        answer = client.get(path) if row.method == "GET" else client.post(path, form)
        check(here, visitor, row.rule[visitor], answer)
        if row.about and row.rule[visitor] == "in":
            assert here.asked_about_the_account(), (
                f"{visitor} got in, and nothing was asked about the account"
            )


def test_no_page_takes_a_token(world: Callable[..., World]) -> None:
    here = world()
    header = here.bearer("nothing")
    for path in ("/settings/", "/settings/tokens/", "/terminal/"):
        assert outcome_of(here.client("nobody").get(path, headers=header)) == "sign in", path


# --- REST


@dataclass(frozen=True)
class Operation:
    """A row: who gets in, and with which body. `about` says where the account is named."""

    rule: Rule
    body: dict[str, Any] | None = None
    about: str = ""  # "query", "body", or "" where no account is meant
    asks: bool = True  # the engine or the records, where an account is meant
    form: bool = False  # the body goes as a form, not as JSON
    query: str = ""  # what the address has to say besides


ORDER: Final = {"symbol": "BTCUSDT", "side": "buy", "quantity": 0.01, "order_type": "market"}
AT_WORK: Final = {"strategy": "EmaCross", "symbols": ["BTCUSDT"], "timeframe": "1h", "fraction": 0.5}
MARKET: Final = Operation(SIGNED_IN)
SEEN: Final = Operation(SEES, about="query")

OPERATIONS: Final[dict[str, Operation]] = {
    "GET /api/accounts/": Operation(SIGNED_IN),
    "POST /api/accounts/": Operation(NOT_VIEWERS, {"name": "Another"}),
    "GET /api/dashboard/charts/ohlcv/": MARKET,
    "GET /api/dashboard/charts/indicators/": MARKET,
    "GET /api/dashboard/charts/indicators/catalogue/": MARKET,
    "GET /api/dashboard/charts/volume-profile/": MARKET,
    "GET /api/dashboard/charts/backtests/": Operation(SIGNED_IN, query="?symbol=BTCUSDT"),
    "GET /api/research/backtests/{id}/trades/": Operation(OWN_THING),
    "GET /api/dashboard/performance/breakdown/": SEEN,
    "GET /api/dashboard/performance/drawdown/": SEEN,
    "GET /api/dashboard/performance/equity-curve/": SEEN,
    "GET /api/dashboard/performance/metrics/": SEEN,
    "GET /api/dashboard/performance/returns/": SEEN,
    "GET /api/dashboard/portfolio/": SEEN,
    "GET /api/dashboard/portfolio/positions/": SEEN,
    "GET /api/dashboard/portfolio/orders/": SEEN,
    "GET /api/dashboard/portfolio/balance/": SEEN,
    "GET /api/fills/": SEEN,
    "GET /api/fills/marks/": Operation(SEES, about="query", query="&symbol=BTCUSDT&interval=1m"),
    "GET /api/orders/": SEEN,
    "POST /api/orders/": Operation(TRADES, ORDER, "body"),
    "DELETE /api/orders/": Operation(TRADES, about="query"),
    "POST /api/orders/preview/": Operation(SEES, ORDER, "body"),
    "GET /api/orders/{order_id}/": SEEN,
    "PATCH /api/orders/{order_id}/": Operation(TRADES, {"limit_price": 1}, "query"),
    "DELETE /api/orders/{order_id}/": Operation(TRADES, about="query"),
    "POST /api/positions/close/": Operation(TRADES, {}, "body"),
    "PUT /api/positions/leverage/": Operation(TRADES, {"symbol": "BTCUSDT-PERP", "leverage": 2}, "body"),
    "GET /api/risk/": SEEN,
    "GET /api/risk/limits/": SEEN,
    "GET /api/risk/tail/": SEEN,
    "PUT /api/risk/limits/": Operation(TRADES, {"warn_pct": 70}, "query"),
    "POST /api/risk/state/": Operation(TRADES, {"state": "HALTED"}, "body"),
    "POST /api/risk/kill-switch/": Operation(TRADES, {}, "body"),
    "GET /api/dashboard/trades/": SEEN,
    "GET /api/dashboard/trades/{id}/": SEEN,
    "POST /api/dashboard/trades/{id}/note/": Operation(TRADES, {"note": "late"}, "body"),
    "POST /api/dashboard/trades/{id}/screenshots/": Operation(
        TRADES, {"file": SimpleUploadedFile("a.png", b"a picture")}, "query", form=True
    ),
    "GET /api/dashboard/trades/{id}/screenshots/{name}/": Operation(SEES, about="query", asks=False),
    "DELETE /api/dashboard/trades/{id}/screenshots/{name}/": Operation(TRADES, about="query", asks=False),
    "GET /api/market/instruments/": MARKET,
    "GET /api/market/tickers/": MARKET,
    "GET /api/market/book/": MARKET,
    "GET /api/market/trades/": MARKET,
    "GET /api/market/funding/": MARKET,
    "GET /api/market/open-interest/": MARKET,
    "GET /api/watchlist/": Operation(SIGNED_IN),
    "PUT /api/watchlist/": Operation(SIGNED_IN, {"symbols": []}),
    "GET /api/preferences/": Operation(SIGNED_IN),
    "PUT /api/preferences/": Operation(SIGNED_IN, {}),
    "PATCH /api/preferences/": Operation(SIGNED_IN, {}),
    "GET /api/preferences/indicators/": Operation(SIGNED_IN),
    "PUT /api/preferences/indicators/": Operation(SIGNED_IN, {"indicators": []}),
    "GET /api/preferences/panes/": Operation(SIGNED_IN),
    "PUT /api/preferences/panes/": Operation(SIGNED_IN, {"shown": 2, "panes": []}),
    "GET /api/replay/": Operation(SIGNED_IN),
    "POST /api/replay/": Operation(NOT_VIEWERS, {"action": "pause"}),
    "POST /api/token/": Operation(EVERYBODY, {}),  # 422 for what is missing: the name and password decide
    "POST /api/token/refresh/": Operation(EVERYBODY, {}),
    "POST /api/ws-ticket/": Operation(SIGNED_IN, {}),
    "GET /api/dashboard/strategies/": SEEN,
    "POST /api/dashboard/strategies/": Operation(TRADES, AT_WORK, "body", asks=False),
    "GET /api/dashboard/strategies/{id}/": SEEN,
    "GET /api/dashboard/strategies/{id}/drift/": SEEN,
    "GET /api/dashboard/strategies/{id}/log/": Operation(SEES, about="query", asks=False),
    "POST /api/dashboard/strategies/{id}/pause/": Operation(TRADES, about="query", asks=False),
    "POST /api/dashboard/strategies/{id}/resume/": Operation(TRADES, about="query", asks=False),
    "POST /api/dashboard/strategies/{id}/stop/": Operation(TRADES, {}, "query", asks=False),
}
STUDY: Final = {
    "strategy": "EmaCross",
    "symbols": ["BTCUSDT"],
    "timeframe": "1h",
}  # of which there are no bars
for _kind in kinds().values():
    _at = f"/api/research/{_kind.path}"
    # one of another kind is none: of all but one kind, not even its owner finds the study there
    _own = OWN_THING if _kind.kind == "backtest" else rule(strangers="hidden", others="hidden")
    OPERATIONS[f"GET {_at}/"] = Operation(SIGNED_IN)
    _others = {"others": [{"strategy": "RsiReversion"}]} if _kind.kind == "compare" else {}
    OPERATIONS[f"POST {_at}/"] = Operation(NOT_VIEWERS, STUDY | _others)
    OPERATIONS[f"GET {_at}/{{id}}/"] = Operation(_own)
    OPERATIONS[f"PATCH {_at}/{{id}}/"] = Operation(_own, {"notes": "Mine"})
    OPERATIONS[f"POST {_at}/{{id}}/start/"] = Operation(_own | {"viewer": "forbidden"})
    OPERATIONS[f"POST {_at}/{{id}}/remove/"] = Operation(_own | {"viewer": "forbidden"})
    OPERATIONS[f"DELETE {_at}/{{id}}/"] = Operation(_own | {"viewer": "forbidden"})


def every_operation() -> list[str]:
    paths = api.get_openapi_schema()["paths"]
    return sorted(f"{method.upper()} {path}" for path, methods in paths.items() for method in methods)


def test_every_operation_has_a_row() -> None:
    assert every_operation() == sorted(OPERATIONS), "say in OPERATIONS who may come in"


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_operations_let_in_whom_they_should(world: Callable[..., World], name: str) -> None:
    row, (method, path) = OPERATIONS[name], name.split()
    for visitor in VISITORS:
        here = world(again=True)  # what operations change is the engine's, which is away, or one's own
        number = here.account.pk
        name = here.picture() if "{name}" in path else ""
        ids = {"research": here.study.pk, "dashboard/strategies": here.strategy.pk}
        id = next((pk for room, pk in ids.items() if path.startswith(f"/api/{room}/")), TRADE)
        there = path.format(order_id="an-order", id=id, name=name)
        address = f"{there}?account={number}{row.query}" if row.about == "query" else there
        body = (row.body or {}) | ({"account": number} if row.about == "body" else {})
        headers = here.bearer(scope_of(method, path)) if visitor == "token" else {}
        send = getattr(here.client(visitor), method.lower())
        sent: dict[str, Any] = {} if row.body is None else {"data": body}
        if sent and not row.form:
            sent["content_type"] = "application/json"
        check(here, visitor, row.rule[visitor], send(address, headers=headers, **sent))
        if row.rule[visitor] == "in" and row.about and row.asks:
            assert here.asked_about_the_account(), (
                f"{visitor} got in, and nothing was asked about the account"
            )


# --- live channels

OF_ACCOUNT: Final = frozenset({"portfolio", "positions", "orders", "alerts", "risk", "strategies"})
OF_THE_MARKET: Final = frozenset(
    {"prices", "tickers", "funding", "feeds", "ticker", "book", "tape", "candles", "indicators"}
)


def test_every_channel_has_a_row() -> None:
    assert channels.ACCOUNT_LANES == OF_ACCOUNT
    system = channels.SYSTEM_LANES - channels.ACCOUNT_LANES
    assert system | channels.OF_ALL | channels.OF_SYMBOL == OF_THE_MARKET
    assert {"jobs"} == channels.OF_JOB, "its owner alone: tests/web/live/test_jobs.py"


@pytest.mark.parametrize("channel", sorted(OF_ACCOUNT))
def test_an_accounts_channels_are_its_members_alone(world: Callable[..., World], channel: str) -> None:
    here = world()
    directory = channels.Directory("sim", {})
    for visitor, person in here.people.items():
        numbers = accounts.numbers_of(identity.of_user(person))
        name = f"{channel}:{here.account.pk}"
        if SEES[visitor] == "in":
            assert channels.canonical(name, directory, numbers) == f"{channel}@{here.account.pk}"
        else:
            with pytest.raises(CandlewickError, match="You have no account"):
                channels.canonical(name, directory, numbers)
        if numbers:
            assert channels.canonical(channel, directory, numbers) == f"{channel}@{numbers[0]}"


# --- components

COMPONENTS: Final[dict[str, Rule]] = {
    "order": SEES,
    "order submit": TRADES,
    "order preview": SEES,
    "portfolio": SEES,
    "portfolio close": TRADES,
    "portfolio reverse": TRADES,
    "portfolio close_all": TRADES,
    "portfolio add_stop": TRADES,
    "portfolio add_target": TRADES,
    "risk_metrics": SEES,
    "risk_metrics kill": TRADES,
    "risk_metrics set_state": TRADES,
    "watchlist": SIGNED_IN,
    "watchlist add_symbol": SIGNED_IN,
    "watchlist remove": SIGNED_IN,
}


def every_component() -> list[str]:
    reverse("component", args=["order"])  # with the addresses, every component is registered
    found = []
    for name in registry:
        kind = registry.get(name)
        assert kind is not None
        found += [name, *(f"{name} {event}" for event in kind.events)]
    return sorted(found)


def test_every_component_and_event_has_a_row() -> None:
    assert every_component() == sorted(COMPONENTS), "say in COMPONENTS who may come in"


@pytest.mark.parametrize("name", sorted(COMPONENTS))
def test_components_let_in_whom_they_should(world: Callable[..., World], name: str) -> None:
    component, _, event = name.partition(" ")
    for visitor in VISITORS:
        if visitor == "token":
            continue  # over HTTP they take sessions alone; what a WebSocket brings, its person decides
        here = world(again=True)
        address = f"/components/{component}/?account={here.account.pk}"
        client = here.client(visitor)
        answer = client.post(address, {"event": event}) if event else client.get(address)
        check(here, visitor, COMPONENTS[name][visitor], answer)
