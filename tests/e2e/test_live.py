"""js/live.js: one connection, whatever happens to it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, WebSocketRoute

OPEN = """async () => {
    const { Live } = await import('/js/live.js');
    Math.random = () => 0; // the shortest wait of the jitter
    window.live = new Live('/ws/');
    window.states = []; window.got = []; window.problems = []; window.engine = [];
    live.addEventListener('state', ({ detail }) => states.push(detail));
    live.addEventListener('problem', ({ detail }) => problems.push(detail));
    live.addEventListener('engine', () => engine.push(live.engineIsAway));
    window.drop = live.subscribe(['alerts', 'book:BTCUSDT'], (message) => got.push(message));
    live.open();
}"""


WAITS = "states.filter(({ wait }) => wait).map(({ wait }) => wait)"


class Server:
    """The other end, as a test drives it."""

    def __init__(self, page: Page, *, closes_with: int | None = None) -> None:
        self.page = page
        self._closes_with = closes_with
        self.connections: list[WebSocketRoute] = []
        self.heard: list[dict[str, Any]] = []
        page.route_web_socket("ws://modules.test/ws/", self._accept)

    def _accept(self, connection: WebSocketRoute) -> None:
        self.connections.append(connection)
        connection.on_message(lambda text: self.heard.append(json.loads(text)))
        if self._closes_with is not None:
            connection.close(code=self._closes_with)

    def say(self, **message: Any) -> None:
        self.connections[-1].send(json.dumps(message))

    def close(self, code: int) -> None:
        self.connections[-1].close(code=code)

    def wait(self, happened: Callable[[], bool]) -> None:
        """Let the page go on until it happened; the test's time-out ends a wait in vain."""
        while not happened():
            self.page.wait_for_timeout(10)


@pytest.fixture
def server(modules: Page) -> Server:
    server = Server(modules)
    modules.evaluate(OPEN)
    server.wait(lambda: bool(server.heard))
    return server


def _value(server: Server, expression: str) -> Any:
    return server.page.evaluate(expression)


def test_it_subscribes_to_what_is_wanted_when_it_opens(server: Server) -> None:
    assert server.heard == [{"action": "subscribe", "channels": ["alerts", "book:BTCUSDT"]}]
    assert _value(server, "live.state") == "live"


def test_a_message_reaches_who_wants_its_channel_alone(server: Server) -> None:
    server.say(type="book", channel="book:ETHUSDT", data={"bids": []})
    server.say(type="book", channel="book:BTCUSDT", data={"bids": [[1, 2]]})

    server.wait(lambda: bool(_value(server, "got.length")))
    assert _value(server, "got") == [{"type": "book", "channel": "book:BTCUSDT", "data": {"bids": [[1, 2]]}}]


def test_changes_of_mind_in_one_turn_are_told_together(server: Server) -> None:
    _value(server, "() => { drop(); live.subscribe(['tape:BTCUSDT', 'alerts'], () => {}); }")

    server.wait(lambda: len(server.heard) == 3)
    assert server.heard[1:] == [
        {"action": "unsubscribe", "channels": ["book:BTCUSDT"]},
        {"action": "subscribe", "channels": ["tape:BTCUSDT"]},
    ]


def test_quick_changes_are_told_as_one_once_they_have_settled(modules: Page) -> None:
    server = Server(modules)
    modules.clock.install()
    modules.evaluate(OPEN)
    server.wait(lambda: bool(server.heard))
    modules.clock.run_for(1_000)
    server.heard.clear()

    modules.evaluate(
        """async () => {
            for (let number = 0; number < 50; number++) {
                drop();
                drop = live.subscribe([`book:S${number}`], () => {});
                await Promise.resolve();
                await new Promise((resolve) => queueMicrotask(resolve));
            }
        }"""
    )
    modules.clock.run_for(1_000)

    server.wait(lambda: {"action": "subscribe", "channels": ["book:S49"]} in server.heard)
    assert len(server.heard) <= 4  # the first change is told at once, the last when time has passed


def test_it_comes_back_and_subscribes_again(server: Server) -> None:
    server.close(1012)

    server.wait(lambda: len(server.heard) == 2)
    assert len(server.connections) == 2
    assert server.heard[1] == server.heard[0]
    states = [state["state"] for state in _value(server, "states")]
    assert states == ["live", "reconnecting", "live"]
    assert _value(server, "states.at(-1).downFor") > 0


def test_it_waits_longer_before_every_try_up_to_a_limit(modules: Page) -> None:
    server = Server(modules, closes_with=1012)
    modules.clock.install()
    modules.evaluate(OPEN)
    while _value(server, WAITS + ".length") < 7:
        modules.clock.run_for(1_000)

    # half of what doubles from 500 ms to 10 s: the test has taken the jitter away
    assert _value(server, WAITS)[:7] == [250, 500, 1000, 2000, 4000, 5000, 5000]


@pytest.mark.parametrize(("code", "state"), [(4401, "signed-out"), (4403, "refused")])
def test_it_does_not_knock_again_where_it_is_not_let_in(server: Server, code: int, state: str) -> None:
    server.close(code)

    server.wait(lambda: _value(server, "live.state") == state)
    server.page.wait_for_timeout(1000)
    assert len(server.connections) == 1


@pytest.mark.parametrize("code", [4408, 4429, 1009])
def test_it_comes_back_after_it_was_too_slow_or_too_much(server: Server, code: int) -> None:
    server.close(code)

    server.wait(lambda: len(server.connections) == 2)


def test_a_gap_in_a_numbered_channel_asks_for_the_snapshot_and_shows_nothing_after_it(server: Server) -> None:
    server.say(type="alerts_snapshot", channel="alerts", seq=7, data=[])
    server.say(type="alert", channel="alerts", seq=8, data={"title": "eight"})
    server.say(type="alert", channel="alerts", seq=10, data={"title": "ten"})

    server.wait(lambda: len(server.heard) == 2)
    assert server.heard[1] == {"action": "resync", "channel": "alerts"}
    assert _value(server, "got.map(({ seq }) => seq)") == [7, 8]

    server.say(type="alerts_snapshot", channel="alerts", seq=10, data=[{"title": "nine"}, {"title": "ten"}])
    server.say(type="alert", channel="alerts", seq=11, data={"title": "eleven"})
    server.wait(lambda: _value(server, "got.length") == 4)
    assert _value(server, "got.map(({ seq }) => seq)") == [7, 8, 10, 11]


def test_what_was_told_already_is_not_told_twice(server: Server) -> None:
    for seq in (1, 2, 2, 1, 3):
        server.say(type="alert", channel="alerts", seq=seq, data={})

    server.wait(lambda: _value(server, "got.at(-1)?.seq") == 3)
    assert _value(server, "got.map(({ seq }) => seq)") == [1, 2, 3]


def test_it_knows_when_the_engine_goes_and_comes(server: Server) -> None:
    server.say(type="error", code="engine_away", message="The engine does not answer.")
    server.say(type="status", data={"engine": "live"})

    server.wait(lambda: _value(server, "engine.length") == 2)
    assert _value(server, "engine") == [True, False]
    assert _value(server, "problems") == []


def test_an_error_message_is_passed_on(server: Server) -> None:
    server.say(type="error", code="unknown_symbol", message="Unknown symbol 'X'.", channel="book:X")

    server.wait(lambda: bool(_value(server, "problems.length")))
    assert _value(server, "problems[0].code") == "unknown_symbol"
