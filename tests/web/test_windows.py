"""Moving windows against the obvious model: every time that was counted, looked through each time."""

from __future__ import annotations

import threading
from unittest import mock

from hypothesis import given
from hypothesis import strategies as st

from candlewick.web.windows import Windows

WINDOW_S = 60.0
steps = st.lists(
    st.tuples(
        st.integers(0, 40 * 1024).map(lambda ticks: ticks / 1024),  # seconds since the step before, exact
        st.sampled_from(["ann", "bob"]),
        st.integers(1, 4),
    ),
    max_size=60,
)


@given(steps)
def test_it_counts_what_the_last_minute_holds_and_not_one_more(taken: list[tuple[float, str, int]]) -> None:
    windows = Windows(WINDOW_S)
    counted: dict[str, list[float]] = {"ann": [], "bob": []}
    now = 1_000.0
    for after_s, who, limit in taken:
        now += after_s
        held = [time for time in counted[who] if now < time + WINDOW_S]
        with mock.patch("time.monotonic", return_value=now):
            hit = windows.hit(who, limit)
        assert hit.is_counted == (len(held) < limit)
        if hit.is_counted:
            counted[who].append(now)
            held.append(now)
        assert hit.remaining == max(0, limit - len(held))
        assert abs(hit.reset_s - (held[0] + WINDOW_S - now)) < 1e-6


def test_what_nobody_uses_any_more_is_let_go() -> None:
    windows = Windows(WINDOW_S)
    with mock.patch("time.monotonic", return_value=0.0):
        for number in range(900):
            windows.hit(number, 5)
    with mock.patch("time.monotonic", return_value=61.0):
        for _ in range(100):
            windows.hit("ann", 200)
        assert len(windows) == 1
        assert windows.hit("ann", 200).remaining == 99


def test_it_starts_no_thread() -> None:
    before = threading.active_count()
    windows = Windows(WINDOW_S)
    for _ in range(10):
        windows.hit("ann", 5)
    assert threading.active_count() == before
