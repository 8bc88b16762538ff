"""Draws are addressed, not stepped: any part of a stream is the same however it is asked for."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from candlewick.venues.sim.noise import key, normals, uniforms, wander, words

SOME_KEY = key("test")


@given(start=st.integers(-10_000, 10_000), count=st.integers(1, 200), skip=st.integers(0, 100))
def test_it_draws_the_same_numbers_from_any_start(start: int, count: int, skip: int) -> None:
    whole = normals(SOME_KEY, start, count + skip)
    assert np.array_equal(whole[skip:], normals(SOME_KEY, start + skip, count))
    assert np.array_equal(words(SOME_KEY, start, count + skip)[skip:], words(SOME_KEY, start + skip, count))


def test_it_draws_normals_with_the_moments_of_normals() -> None:
    draws = normals(SOME_KEY, 0, 400_000)
    assert abs(draws.mean()) < 0.01
    assert abs(draws.std() - 1.0) < 0.01
    assert abs((draws**4).mean() - 3.0) < 0.06
    assert abs(np.corrcoef(draws[1:], draws[:-1])[0, 1]) < 0.01


def test_it_draws_uniforms_that_fill_their_range_evenly() -> None:
    counts, _ = np.histogram(uniforms(SOME_KEY, 0, 100_000), bins=10, range=(0.0, 1.0))
    assert counts.sum() == 100_000
    assert counts.min() > 9_600
    assert counts.max() < 10_400


def test_it_gives_every_name_a_stream_of_its_own() -> None:
    keys = {key(7, name, n) for name in ("market", "own:BTC", "own:ETH") for n in range(50)}
    assert len(keys) == 150
    assert abs(np.corrcoef(normals(key("a"), 0, 50_000), normals(key("b"), 0, 50_000))[0, 1]) < 0.02


@given(start=st.floats(0, 1e7), scale=st.sampled_from([2.0, 15.0, 360.0]))
def test_it_wanders_without_a_jump_and_alike_from_any_start(start: float, scale: float) -> None:
    at = start + np.arange(500, dtype=np.float64) * (scale / 50.0)
    line = wander(SOME_KEY, at, scale)
    assert np.abs(np.diff(line)).max() < 0.3
    assert np.allclose(line[200:], wander(SOME_KEY, at[200:], scale), atol=1e-9)


def test_it_wanders_with_unit_size() -> None:
    line = wander(SOME_KEY, np.arange(0.0, 400_000.0, 2.0, dtype=np.float64), 10.0)
    assert abs(line.std() - 1.0) < 0.03
