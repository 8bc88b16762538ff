"""The table of measurements: ratios mean what they say, and every bench can be found and run."""

from __future__ import annotations

import importlib
import inspect

import pytest

from benchmarks import suite
from benchmarks.report import Figure, cpu_seconds, table


def test_it_holds_at_its_limit_and_not_above() -> None:
    assert Figure("decode", 4.0, "µs", 4.0).holds
    assert not Figure("decode", 4.01, "µs", 4.0).holds


def test_it_shows_the_part_of_the_limit_that_is_used_up() -> None:
    assert Figure("decode", 1.0, "µs", 4.0).ratio == 0.25
    assert Figure("chart", 60.0, "fps", 30.0, at_least=True).ratio == 0.5


def test_it_turns_round_where_more_is_better() -> None:
    assert Figure("chart", 61.0, "fps", 60.0, at_least=True).holds
    assert not Figure("chart", 59.0, "fps", 60.0, at_least=True).holds


def test_it_prints_measured_limit_ratio_and_verdict() -> None:
    text = table([Figure("decode", 1.0, "µs", 4.0), Figure("hub", 1500.0, "µs", 12.0, note="1,000 clients")])
    header, decode, hub = text.splitlines()
    assert header.split() == ["measured", "limit", "ratio"]
    assert decode.split() == ["decode", "1", "µs", "≤", "4", "µs", "0.25", "ok"]
    assert hub.split() == ["hub", "1,500", "µs", "≤", "12", "µs", "125.00", "OVER", "1,000", "clients"]


def test_it_counts_the_cpu_of_the_work_of_each_round() -> None:
    calls = []
    spent = cpu_seconds(lambda: calls.append(1), rounds=3)
    assert len(calls) == 3
    assert 0 <= spent < 60


def test_it_brings_figures_and_errors_back_from_a_process_of_its_own() -> None:
    with pytest.raises(ModuleNotFoundError, match="bench_of_nothing"):
        suite.run_apart("of_nothing")


@pytest.mark.parametrize("name", suite.names())
def test_it_finds_what_to_run_in_every_bench(name: str) -> None:
    main = importlib.import_module(f"benchmarks.bench_{name}").main
    assert not inspect.iscoroutinefunction(main)
    assert all(each.default is not each.empty for each in inspect.signature(main).parameters.values())
