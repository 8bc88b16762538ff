"""Fixtures of the web's tests: people, a browser's requests without a socket, and a real server."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import Message
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from tests.web import ground

SETTINGS = ground.stand_up()  # models cannot be imported before Django is set up

from django.contrib.auth import login  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.db import connections  # noqa: E402
from django.http import HttpRequest  # noqa: E402
from django.test.client import Client, ClientHandler  # noqa: E402
from websockets.typing import Origin  # noqa: E402

from candlewick.store.models import Role, User  # noqa: E402
from candlewick.web.handler import TwoWays  # noqa: E402
from candlewick.web.live.hub import Hub, Limits  # noqa: E402
from candlewick.web.people.first_owner import add_person  # noqa: E402
from candlewick.web.server import WebServer  # noqa: E402
from candlewick.web.services import ENVIRON_KEY, Services  # noqa: E402

if TYPE_CHECKING:
    from candlewick.runtime.settings import Settings


@pytest.fixture(scope="session", autouse=True)
def _django(django_db_blocker: Any) -> Iterator[None]:
    # pytest-django would give each test an in-memory database; the server's threads need a real one.
    with django_db_blocker.unblock():
        yield
    connections.close_all()


@pytest.fixture(autouse=True)
def _clean_slate() -> Iterator[None]:
    from django.core.cache import cache

    yield
    User.objects.all().delete()
    cache.clear()


@pytest.fixture
def settings_in_force() -> Settings:
    return SETTINGS


@pytest.fixture
def link() -> ground.FakeLink:
    return ground.FakeLink()


@pytest.fixture
def services(link: ground.FakeLink) -> Services:
    return Services(
        engine=ground.DirectEngine(link),
        hub=Hub(link),
        market_dir=SETTINGS.data_dir,
        ledger=SETTINGS.ledger,
        rows=SETTINGS.rows,
        primary="sim",
    )


Person = Callable[[Role], User]


@pytest.fixture
def person() -> Person:
    """A new person of a role, with the tests' password."""
    return lambda role: add_person(ground.unique(role.value), role, ground.PASSWORD)


Browser = Callable[..., Client]


class _Handler(TwoWays, ClientHandler):
    """Requests go the way that they go behind the bridge."""


@pytest.fixture
def browser(services: Services) -> Browser:
    """A browser without a socket; signed in if it is somebody's."""

    def open_browser(user: User | None = None, *, checks_csrf: bool = False) -> Client:
        extras: Any = {ENVIRON_KEY: services}
        client = Client(**extras)
        client.handler = _Handler(enforce_csrf_checks=checks_csrf)
        if user is not None:
            client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return open_browser


def session_of(user: User) -> str:
    """The key of a new session of `user`."""
    request = HttpRequest()
    request.session = SessionStore()
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    request.session.save()
    key = request.session.session_key
    assert key is not None
    return key


@dataclass
class Served:
    """A server that runs."""

    server: WebServer
    link: ground.FakeLink
    hub: Hub

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    @property
    def origin(self) -> Origin:
        return Origin(self.url)

    @property
    def ws(self) -> str:
        return f"ws://127.0.0.1:{self.server.port}/ws/"

    def as_browser(self, session: str) -> dict[str, Any]:
        """Arguments of `websockets.connect` that make it a browser with a session on a page of ours."""
        headers = {"Cookie": f"candlewick_session={session}"}
        return {"uri": self.ws, "origin": self.origin, "additional_headers": headers, "compression": None}

    def fetch(
        self,
        path: str,
        *,
        session: str = "",
        headers: dict[str, str] | None = None,
        form: dict[str, str] | None = None,
        csrf: str = "",
    ) -> Answer:
        """What the server answers over a real socket; a form is posted as a page of ours does."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        sent = dict(headers or {})
        cookies = {"candlewick_session": session, "candlewick_csrf": csrf}
        sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items() if value)
        try:
            if form is None:
                connection.request("GET", path, headers=sent)
            else:
                sent |= {"Origin": self.url, "Content-Type": "application/x-www-form-urlencoded"}
                connection.request("POST", path, urlencode(form), sent)
            response = connection.getresponse()
            return Answer(response.status, response.msg, response.read().decode())
        finally:
            connection.close()


@dataclass
class Answer:
    """An answer over HTTP."""

    status: int
    headers: Message
    body: str

    @property
    def csrf(self) -> str:
        cookies = SimpleCookie("; ".join(self.headers.get_all("Set-Cookie", [])))
        return cookies["candlewick_csrf"].value


Serve = Callable[..., Served]


@pytest.fixture
def serve(link: ground.FakeLink) -> Iterator[Serve]:
    """Starts real servers, each on its own thread, loop and port."""
    running: list[tuple[WebServer, threading.Thread]] = []

    def start(**limits: Any) -> Served:
        server = WebServer(SETTINGS, link=link, limits=Limits(**limits), port=0)
        thread = threading.Thread(target=server.run)
        thread.start()
        running.append((server, thread))
        assert server.started.wait(20)
        return Served(server, link, server.hub)

    yield start
    for server, thread in running:
        server.stop()
        thread.join(120)
        assert not thread.is_alive()
