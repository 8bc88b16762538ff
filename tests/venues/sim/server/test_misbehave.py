"""Faults on the wire: read, refused, drawn from the seed."""

from __future__ import annotations

import random

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.core.errors import ConfigError
from candlewick.venues.sim.server.misbehave import LONGEST_GAP, Faults, StreamFaults, garbled

MESSAGE = b'{"e":"trade","s":"BTCUSDT","p":"65000.10000000","q":"0.00100000","m":true}'


def test_it_reads_shares_and_times() -> None:
    faults = Faults.parse(["drop=0.01,delay=200ms", "disconnect=30s", "skew=-1.5s, 429=0.05"])
    assert faults == Faults(drop=0.01, delay_ms=200, disconnect_ms=30_000, skew_ms=-1500, too_many=0.05)
    assert faults.as_pairs() == {
        "drop": 0.01,
        "delay": 200.0,
        "disconnect": 30_000.0,
        "skew": -1500.0,
        "429": 0.05,
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("explode=1", "Unknown fault 'explode'. Use one of drop, delay"),
        ("drop", "has no value"),
        ("drop=2", "a share from 0 to 1"),
        ("drop=often", "a share from 0 to 1"),
        ("delay=soon", "takes a time"),
        ("delay=-5ms", "takes a time"),
    ],
)
def test_it_refuses_what_is_no_fault_with_a_sentence(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        Faults.parse([text])


def outcome(seed: str, faults: Faults, messages: int = 2000) -> list[tuple[bytes, float]]:
    source = StreamFaults(seed)
    payloads = [b"%d" % n for n in range(messages)]
    return [(each.payload, each.delay_ms) for p in payloads for each in source.apply(faults, "s", p)]


def test_it_draws_the_same_faults_from_the_same_seed() -> None:
    faults = Faults(drop=0.1, delay_ms=50, duplicate=0.1, reorder=0.1, gap=0.01)
    assert outcome("7/sim/0", faults) == outcome("7/sim/0", faults)
    assert outcome("7/sim/0", faults) != outcome("7/sim/1", faults)


def test_it_drops_and_doubles_at_the_stated_share() -> None:
    assert len(outcome("a", Faults(drop=0.1))) == pytest.approx(1800, abs=60)
    assert len(outcome("a", Faults(duplicate=0.1))) == pytest.approx(2200, abs=60)


def test_it_reorders_neighbours_and_loses_none() -> None:
    ids = [int(payload) for payload, _ in outcome("a", Faults(reorder=0.2))]
    assert ids != sorted(ids)
    assert max(abs(at - id) for at, id in enumerate(ids)) == 1
    missing = set(range(2000)) - set(ids)
    assert missing <= {1999}  # the last one may still be held


def test_it_swallows_runs_of_one_stream() -> None:
    source = StreamFaults("a")
    faults = Faults(gap=0.02)
    kept = [bool(source.apply(faults, "depth", b"x")) for _ in range(3000)]
    runs = [len(run) for run in "".join("01"[k] for k in kept).split("1") if run]
    assert max(runs) > 3
    assert max(runs) <= 3 * LONGEST_GAP
    assert source.apply(Faults(), "other", b"x")


def test_it_delays_around_the_stated_mean() -> None:
    delays = [delay for _, delay in outcome("a", Faults(delay_ms=200))]
    assert sum(delays) / len(delays) == pytest.approx(200, rel=0.05)
    assert min(delays) >= 100


@given(seed=st.integers())
def test_a_garbled_message_is_unreadable_or_has_no_number_where_one_belongs(seed: int) -> None:
    broken = garbled(MESSAGE, random.Random(seed))
    assert broken != MESSAGE
    try:
        read = orjson.loads(broken)
    except orjson.JSONDecodeError:
        return
    assert any(isinstance(value, str) and value.startswith("NaN") for value in read.values())
