"""The hub: every reader ends with the truth, and a slow one costs nobody anything."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from candlewick.web.live.cohorts import EVERY, PHASES
from candlewick.web.live.frames import Encoding, unframed
from candlewick.web.live.hub import TOO_SLOW, Hub, Limits
from candlewick.web.live.readers import Reader
from candlewick.web.live.ws import obey
from candlewick.web.people.identity import Person
from tests.web.ground import FakeLink

ANN = Person(1, "ann", "owner", "f", session="s1")
BOB = Person(2, "bob", "viewer", "f", session="s2")


class Page:
    """A reader's end of the line: takes what is written, unless it is told not to read."""

    def __init__(self, encoding: Encoding = "ws") -> None:
        self.encoding: Encoding = encoding
        self.reads = True
        self.is_lost = False
        self.unread = 0
        self.data = b""
        self.closed: tuple[int, str] | None = None

    def write(self, data: bytes) -> None:
        assert self.closed is None, "nothing is written after a close"
        if self.is_lost:
            raise RuntimeError("unable to perform operation on <TCPTransport closed=True>")
        if self.reads:
            self.data += data
        else:
            self.unread += len(data)

    def queued(self) -> int:
        return self.unread

    def close(self, code: int, reason: str) -> None:
        self.closed = (code, reason)

    def read(self) -> list[Any]:
        """The messages since the last time."""
        messages = [orjson.loads(each) for each in unframed(self.data)]
        self.data = b""
        return messages

    def read_of(self, type: str) -> list[Any]:
        return [message for message in self.read() if message["type"] == type]


class Ring:
    """A hub that the test turns by hand."""

    def __init__(self, **limits: Any) -> None:
        self.link = FakeLink()
        self.hub = Hub(self.link, Limits(**limits))
        self.now = 0.0

    def turn(self, slots: int = PHASES) -> None:
        for _ in range(slots):
            self.now += 0.01
            self.hub.serve(self.now)

    def page(self, *channels: str, person: Person = ANN, encoding: Encoding = "ws") -> tuple[Page, Reader]:
        page = Page(encoding)
        reader = self.hub.join(page, person)
        if channels:
            self.hub.subscribe(reader, channels)
        return page, reader


@pytest.fixture
async def ring() -> Ring:
    return Ring()


@pytest.fixture
async def make_ring() -> Callable[..., Ring]:
    return Ring


async def test_it_answers_a_subscription_with_the_channels_names(ring: Ring) -> None:
    page, _ = ring.page("book:btc/usdt", "prices")
    assert page.read() == [{"type": "subscribed", "channels": ["book:BTCUSDT", "prices"]}]


async def test_a_newcomer_gets_the_state_at_once(ring: Ring) -> None:
    ring.page("book:BTCUSDT")
    ring.link.say("book:BTCUSDT", {"type": "book", "data": 1})
    page, _ = ring.page("book:BTCUSDT")
    assert page.read_of("book") == [{"type": "book", "data": 1}]


async def test_it_serves_each_reader_once_a_window_and_only_what_changed(ring: Ring) -> None:
    page, _ = ring.page("book:BTCUSDT")
    ring.link.say("book:BTCUSDT", {"type": "book", "data": 1})
    ring.link.say("book:BTCUSDT", {"type": "book", "data": 2})
    ring.turn(EVERY["fast"])
    assert page.read_of("book") == [{"type": "book", "data": 2}]
    ring.turn(EVERY["fast"])
    assert page.read_of("book") == []


async def test_lists_are_served_at_their_own_pace(ring: Ring) -> None:
    page, _ = ring.page("prices")
    for turn in range(2 * PHASES):
        ring.link.say("prices", {"BTCUSDT": float(turn)})
        ring.turn(1)
    assert len(page.read_of("price_tick")) == 2 * PHASES // EVERY["slow"]


async def test_a_change_of_channels_loses_nothing_that_was_pending(ring: Ring) -> None:
    page, reader = ring.page("tape:BTCUSDT")
    ring.link.say("tape:BTCUSDT", [{"id": "1"}])
    ring.hub.subscribe(reader, ["book:BTCUSDT"])
    ring.turn()
    rows = [row["id"] for message in page.read_of("trades") for row in message["data"]]
    assert rows == ["1"]


async def test_an_unsubscribed_channel_is_silent(ring: Ring) -> None:
    page, reader = ring.page("book:BTCUSDT", "book:ETHUSDT")
    ring.hub.unsubscribe(reader, ["book:BTC-USDT"])
    assert page.read_of("unsubscribed") == [{"type": "unsubscribed", "channels": ["book:BTCUSDT"]}]
    ring.link.say("book:BTCUSDT", {"type": "book", "data": 1})
    ring.link.say("book:ETHUSDT", {"type": "book", "data": 2})
    ring.turn()
    assert [message["data"] for message in page.read_of("book")] == [2]


async def test_what_cannot_be_subscribed_to_does_not_disturb_the_rest(ring: Ring) -> None:
    page, reader = ring.page("book:NOPE", "weather", "candles:BTCUSDT:7m", "book:BTCUSDT")
    messages = page.read()
    assert [m["code"] for m in messages if m["type"] == "error"] == [
        "unknown_symbol",
        "unknown_channel",
        "unknown_interval",
    ]
    assert reader.channels == {"book:BTCUSDT"}


async def test_one_reader_may_have_so_many_channels(make_ring: Callable[..., Ring]) -> None:
    ring = make_ring(channels=2)
    page, reader = ring.page("book:BTCUSDT", "book:ETHUSDT", "book:SOLUSDT")
    assert [m["code"] for m in page.read_of("error")] == ["too_many_channels"]
    assert len(reader.channels) == 2
    ring.hub.subscribe(reader, ["book:BTCUSDT"])
    assert page.read_of("error") == [], "one it has already is none more"


async def test_what_is_waited_for_counts_too(make_ring: Callable[..., Ring]) -> None:
    ring = make_ring(channels=2)
    ring.link.go()
    page, reader = ring.page("book:A", "book:B", "book:C", "book:A")
    assert [m["code"] for m in page.read_of("error")] == ["too_many_channels"]
    assert reader.waiting == {"book:A", "book:B"}


async def test_the_engine_is_told_what_is_wanted_in_all(ring: Ring) -> None:
    ring.page("book:BTCUSDT", "prices")
    _, reader = ring.page("book:BTCUSDT", "book:ETHUSDT", person=BOB)
    ring.hub._tell_demand()
    assert ring.link.demanded[-1] == {"book:BTCUSDT", "book:ETHUSDT", "prices"}
    ring.hub.leave(reader)
    ring.hub._tell_demand()
    assert ring.link.demanded[-1] == {"book:BTCUSDT", "prices"}


async def test_what_nobody_wants_any_more_is_forgotten(ring: Ring) -> None:
    _, reader = ring.page("book:BTCUSDT")
    ring.link.say("book:BTCUSDT", {"type": "book", "data": "old"})
    ring.hub.leave(reader)
    ring.hub._tell_demand()
    page, _ = ring.page("book:BTCUSDT")
    assert page.read_of("book") == []


async def test_a_thousand_readers_are_spread_over_the_wheel(ring: Ring) -> None:
    phases = [ring.page("prices")[1].phase for _ in range(1000)]
    assert {phases.count(phase) for phase in range(PHASES)} == {1000 // PHASES}


async def test_a_few_readers_share_what_is_made_for_them(ring: Ring) -> None:
    assert len({ring.page("prices")[1].phase for _ in range(16)}) == 1
    phases = {ring.page("prices")[1].phase for _ in range(100)}
    assert len(phases) < 10
    assert len({phase % EVERY["fast"] for phase in phases}) == len(phases), "no two in one slot"


async def test_a_slow_reader_is_skipped_and_slows_nobody(ring: Ring) -> None:
    slow, _ = ring.page("book:BTCUSDT")
    quick, _ = ring.page("book:BTCUSDT", person=BOB)
    slow.reads = False
    body = {"type": "book", "data": "x" * 10_000}
    for _ in range(20):
        ring.link.say("book:BTCUSDT", body)
        ring.turn(EVERY["fast"])
    assert len(quick.read_of("book")) == 20
    assert slow.unread <= ring.hub.limits.queue_bytes + 2 * 10_100
    assert ring.hub.metrics.skipped > 0


async def test_a_slow_reader_that_reads_on_gets_the_whole_state(ring: Ring) -> None:
    page, reader = ring.page("book:BTCUSDT", "prices", "tape:BTCUSDT")
    page.unread = ring.hub.limits.queue_bytes + 1
    ring.link.say("book:BTCUSDT", {"type": "book", "data": "newest"})
    ring.link.say("prices", {"BTCUSDT": 1.0})
    ring.link.say("tape:BTCUSDT", [{"id": "1"}])
    ring.turn()
    assert reader.behind_since is not None
    page.read()
    page.unread = 0
    ring.turn(100)
    told = {message["type"]: message["data"] for message in page.read()}
    assert told == {"book": "newest", "price_tick": {"BTCUSDT": 1.0}, "trades": [{"id": "1"}]}
    assert reader.behind_since is None


async def test_a_reader_that_stays_slow_is_closed_with_4408(ring: Ring) -> None:
    page, reader = ring.page("book:BTCUSDT")
    page.unread = ring.hub.limits.queue_bytes + 1
    ring.link.say("book:BTCUSDT", {"type": "book", "data": 1})
    ring.turn(EVERY["fast"])
    ring.now += ring.hub.limits.slow_after_s
    ring.turn(100)
    assert page.closed is not None
    assert page.closed[0] == TOO_SLOW
    assert reader not in ring.hub.readers
    assert ring.hub.metrics.closed[TOO_SLOW] == 1


async def test_a_connection_lost_a_moment_ago_disturbs_nobody(ring: Ring) -> None:
    lost, reader = ring.page("book:BTCUSDT")
    page, _ = ring.page("book:BTCUSDT", person=BOB)
    lost.is_lost = True
    ring.link.say("book:BTCUSDT", {"type": "book", "data": 1})
    ring.turn()
    assert len(page.read_of("book")) == 1
    assert reader not in ring.hub.readers
    other, reader = ring.page("alerts")
    other.is_lost = True
    ring.link.snapshot("alerts", 1, [])
    assert reader not in ring.hub.readers


async def test_account_messages_reach_a_slow_reader_or_end_it(make_ring: Callable[..., Ring]) -> None:
    ring = make_ring(lane_bytes=1000)
    ring.link.snapshot("alerts", 0, [])
    page, _ = ring.page("alerts")
    page.reads = False
    for seq in range(1, 50):
        ring.link.event("alerts", seq, {"title": "x" * 100})
        if page.closed:
            break
    assert page.closed is not None
    assert page.closed[0] == TOO_SLOW
    assert 1000 < page.unread < 1500


async def test_account_messages_come_as_a_snapshot_and_then_without_a_gap(ring: Ring) -> None:
    ring.link.snapshot("alerts", 3, ["old"])
    ring.link.event("alerts", 4, "a")
    page, _ = ring.page("alerts")
    ring.link.event("alerts", 5, "b")
    told = [(m["type"], m["seq"]) for m in page.read() if "seq" in m]
    assert told == [("alerts_snapshot", 3), ("alert", 4), ("alert", 5)]


async def test_who_came_before_the_snapshot_gets_it_when_it_comes(ring: Ring) -> None:
    page, _ = ring.page("alerts")
    ring.link.snapshot("alerts", 3, [])
    assert [m["seq"] for m in page.read_of("alerts_snapshot")] == [3]


async def test_a_resync_sends_the_channel_again(ring: Ring) -> None:
    ring.link.snapshot("alerts", 3, [])
    page, reader = ring.page("alerts")
    page.read()
    ring.hub.resync(reader, "alerts")
    assert [m["seq"] for m in page.read_of("alerts_snapshot")] == [3]
    ring.hub.resync(reader, "feeds")
    assert [m["code"] for m in page.read_of("error")] == ["not_subscribed"]


async def test_figures_of_an_account_channel_are_conflated_beside_its_events(ring: Ring) -> None:
    ring.link.snapshot("feeds", 0, {})
    page, _ = ring.page("feeds")
    page.read()
    for latency in range(10):
        ring.link.say("feeds", {"type": "feed_health", "channel": "feeds", "data": latency})
    ring.turn(EVERY["slow"])
    assert [m["data"] for m in page.read_of("feed_health")] == [9]


async def test_an_account_channel_opens_with_its_snapshot(ring: Ring) -> None:
    ring.link.snapshot("feeds", 0, {})
    ring.page("feeds")
    ring.link.say("feeds", {"type": "feed_health", "channel": "feeds", "data": 1})
    ring.turn()
    page, _ = ring.page("feeds", person=BOB)
    assert [m["type"] for m in page.read()] == ["subscribed", "feeds_snapshot"]


async def test_sums_come_after_the_lanes_past_which_is_older(ring: Ring) -> None:
    ann = replace(ANN, accounts=(1,))
    ring.link.snapshot("risk@1", 0, {"orders_last_minute": 0})
    ring.page("risk:1", person=ann)
    ring.link.event("risk@1", 1, {"orders_last_minute": 419}, type="risk_state")
    figures = {"type": "risk_update", "channel": "risk", "data": {"orders_last_minute": 0}}
    ring.link.say("figures:risk@1", figures)
    ring.turn()
    page, _ = ring.page("risk:1", person=ann)
    ring.turn()
    told = [each["data"]["orders_last_minute"] for each in page.read() if "data" in each]
    assert told == [0, 419, 0]


async def test_rows_come_before_the_lane_that_says_whether_they_are_still_there(ring: Ring) -> None:
    ann = replace(ANN, accounts=(1,))
    ring.link.snapshot("positions@1", 0, [{"symbol": "BTCUSDT"}])
    ring.page("positions:1", person=ann)
    row = {"type": "position_update", "channel": "positions", "data": {"symbol": "BTCUSDT"}}
    ring.link.say("figures:positions@1#sim:BTCUSDT", row)
    ring.turn()
    ring.link.event("positions@1", 1, {"symbol": "BTCUSDT", "quantity": 0}, type="position_changed")
    page, _ = ring.page("positions:1", person=ann)
    ring.turn()
    assert [each["type"] for each in page.read() if "data" in each][-1] == "position_changed"


async def test_it_asks_for_a_newer_snapshot_after_many_events(ring: Ring) -> None:
    ring.link.snapshot("alerts", 0, [])
    for seq in range(1, 600):
        ring.link.event("alerts", seq, "x")
    assert ring.link.resynced == ["alerts"]


async def test_when_the_engine_goes_everybody_is_told_and_nothing_old_is_shown(ring: Ring) -> None:
    page, _ = ring.page("book:BTCUSDT")
    ring.link.say("book:BTCUSDT", {"type": "book", "data": "old"})
    ring.turn()
    page.read()
    ring.link.go()
    assert [(m["code"], m["data"]) for m in page.read_of("status")] == [("engine_away", {"engine": "away"})]
    newcomer, reader = ring.page("book:BTCUSDT", "book:ETHUSDT")
    assert [m["code"] for m in newcomer.read_of("status")] == ["engine_away"]
    ring.link.come()
    assert reader.channels == {"book:BTCUSDT", "book:ETHUSDT"}
    told = newcomer.read()
    assert [m["code"] for m in told if m["type"] == "status"] == ["engine_live"]
    assert [m for m in told if m["type"] == "book"] == []
    ring.link.say("book:BTCUSDT", {"type": "book", "data": "fresh"})
    ring.turn()
    assert [m["data"] for m in page.read_of("book")] == ["fresh"]


async def test_a_symbol_whose_venue_has_not_listed_yet_is_waited_for(ring: Ring) -> None:
    listed = ring.link.instruments
    ring.link.instruments = {id: each for id, each in listed.items() if not id.startswith("sim:")}
    page, reader = ring.page("book:BTCUSDT", "book:sim-east:BTCUSDT", "book:sim-east:NOPE", "book:nowhere:X")
    assert [m["channel"] for m in page.read_of("error")] == ["book:sim-east:NOPE", "book:nowhere:X"]
    ring.turn(100)
    assert reader.channels == {"book:sim-east:BTCUSDT"}
    ring.link.instruments = listed
    ring.turn(100)
    assert reader.channels == {"book:BTCUSDT", "book:sim-east:BTCUSDT"}
    assert page.read_of("subscribed")[-1] == {"type": "subscribed", "channels": ["book:BTCUSDT"]}


async def test_what_is_waited_for_can_be_given_up(ring: Ring) -> None:
    listed, ring.link.instruments = ring.link.instruments, {}
    page, reader = ring.page("book:BTCUSDT")
    ring.hub.unsubscribe(reader, ["book:BTCUSDT"])
    assert page.read_of("error") == []
    ring.link.instruments = listed
    ring.turn(100)
    assert reader.channels == frozenset()


async def test_a_returning_stream_resumes_where_it_was(ring: Ring) -> None:
    ring.link.snapshot("alerts", 0, [])
    for seq in (1, 2, 3):
        ring.link.event("alerts", seq, "x")
    page = Page()
    reader = ring.hub.join(page, ANN)
    ring.hub.resume(reader, f"{ring.hub.generation}.alerts-2")
    ring.hub.subscribe(reader, ["alerts"])
    assert [m["seq"] for m in page.read() if "seq" in m] == [3]
    assert ring.hub.cursor(reader) == f"{ring.hub.generation}.alerts-3"


@pytest.mark.parametrize(
    "cursor", ["", "x", "other.alerts-2", "{g}.alerts-99", "{g}.alerts-x", "{g}.nope-1", "{g}"]
)
async def test_a_cursor_that_says_nothing_starts_afresh(ring: Ring, cursor: str) -> None:
    ring.link.snapshot("alerts", 3, [])
    page = Page()
    reader = ring.hub.join(page, ANN)
    ring.hub.resume(reader, cursor.replace("{g}", ring.hub.generation))
    ring.hub.subscribe(reader, ["alerts"])
    assert [m["seq"] for m in page.read_of("alerts_snapshot")] == [3]


async def test_a_cursor_of_an_engine_that_is_gone_starts_afresh(ring: Ring) -> None:
    ring.link.snapshot("alerts", 9, [])
    generation = ring.hub.generation
    ring.link.go()
    ring.link.come()
    ring.link.snapshot("alerts", 9, [])
    page = Page()
    reader = ring.hub.join(page, ANN)
    ring.hub.resume(reader, f"{generation}.alerts-9")
    ring.hub.subscribe(reader, ["alerts"])
    assert [m["seq"] for m in page.read_of("alerts_snapshot")] == [9]


async def test_a_session_that_ends_takes_its_connections_along(ring: Ring) -> None:
    ann, _ = ring.page("prices")
    bob, _ = ring.page("prices", person=BOB)
    ring.hub.close_sessions(["s1"])
    assert ann.closed is not None
    assert ann.closed[0] == 4401
    assert bob.closed is None


async def test_two_kinds_of_readers_get_the_same_messages(ring: Ring) -> None:
    page, _ = ring.page("book:BTCUSDT")
    stream, _ = ring.page("book:BTCUSDT", encoding="sse")
    ring.link.say("book:BTCUSDT", {"type": "book", "data": 1})
    ring.turn()
    of_stream = [orjson.loads(line[6:]) for line in stream.data.splitlines() if line.startswith(b"data: ")]
    assert of_stream == page.read()


SYMBOLS = ["BTCUSDT", "ETHUSDT", "SOLUSDT"]
CHANNELS = ["prices", *(f"{kind}:{symbol}" for kind in ("book", "tape") for symbol in SYMBOLS)]
steps = st.lists(
    st.one_of(
        st.tuples(st.just("subscribe"), st.integers(0, 3), st.sets(st.sampled_from(CHANNELS), min_size=1)),
        st.tuples(st.just("unsubscribe"), st.integers(0, 3), st.sets(st.sampled_from(CHANNELS), min_size=1)),
        st.tuples(st.just("say"), st.sampled_from(CHANNELS), st.none()),
        st.tuples(st.just("turn"), st.integers(1, 30), st.none()),
        st.tuples(st.just("stall"), st.integers(0, 3), st.none()),
        st.tuples(st.just("read on"), st.integers(0, 3), st.none()),
    ),
    max_size=60,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(script=steps)
async def test_whatever_happens_every_reader_ends_with_the_truth(script: list[tuple[Any, Any, Any]]) -> None:
    ring = Ring(slow_after_s=1e9)
    readers = [ring.page() for _ in range(4)]
    truth: dict[str, Any] = {}
    tapes: dict[str, list[str]] = defaultdict(list)
    for number, (what, which, channels) in enumerate(script):
        if what == "subscribe":
            ring.hub.subscribe(readers[which][1], sorted(channels))
        elif what == "unsubscribe":
            ring.hub.unsubscribe(readers[which][1], sorted(channels))
        elif what == "say" and which.startswith("tape"):
            if any(which in reader.channels for _, reader in readers):
                tapes[which].append(str(number))
                ring.link.say(which, [{"id": str(number)}])
        elif what == "say" and any(which in reader.channels for _, reader in readers):
            truth[which] = float(number)
            body = (
                {"BTCUSDT": truth[which]}
                if which == "prices"
                else {"type": "book", "channel": which, "data": truth[which]}
            )
            ring.link.say(which, body)
        elif what == "turn":
            ring.turn(which)
        elif what == "stall":
            readers[which][0].unread = ring.hub.limits.queue_bytes + 1
        elif what == "read on":
            readers[which][0].unread = 0
    for page, _ in readers:
        page.unread = 0
    ring.turn(200)
    for page, reader in readers:
        held: dict[str, Any] = {}
        for message in page.read():
            if message["type"] == "price_tick":
                held["prices"] = message["data"]["BTCUSDT"]
            elif message["type"] == "book":
                held[message["channel"]] = message["data"]
        for channel in reader.channels:
            if channel in truth and not channel.startswith("tape"):
                assert held.get(channel) == truth[channel], channel


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
names = st.one_of(
    st.sampled_from(CHANNELS),
    st.text(max_size=40),
    st.builds(
        ":".join, st.lists(st.sampled_from(["candles", "BTCUSDT", "1m", "", "sim", "/", "-PERP", "ema-3"]))
    ),
)
asks = st.one_of(
    st.text(max_size=60),
    anything.map(lambda value: json.dumps(value)),
    st.fixed_dictionaries(
        {"action": st.sampled_from(["subscribe", "unsubscribe", "resync", "x"])},
        optional={"channels": st.lists(names, max_size=5) | anything, "channel": names | anything},
    ).map(lambda value: json.dumps(value)),
)


@settings(deadline=None)
@given(texts=st.lists(asks, max_size=12))
async def test_no_message_disturbs_the_hub(texts: list[str]) -> None:
    ring = Ring()
    quiet, _ = ring.page("book:BTCUSDT", person=BOB)
    _, reader = ring.page()
    for text in texts:
        obey(ring.hub, reader, text)
    ring.hub.leave(reader)
    ring.link.say("book:BTCUSDT", {"type": "book", "data": 1})
    ring.turn()
    assert len(quiet.read_of("book")) == 1
    ring.hub._tell_demand()
    assert ring.link.demanded[-1] == {"book:BTCUSDT"}, "who left wants nothing"
