"""js/format.js: numbers and times as people read them."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page


def _call(page: Page, function: str, *arguments: Any) -> Any:
    script = f"async (given) => (await import('/js/format.js')).{function}(...given)"
    return page.evaluate(script, list(arguments))


@pytest.mark.parametrize(
    ("step", "places"),
    [
        (0.01, 2),
        ("0.01", 2),
        ("0.10", 1),
        (1, 0),
        ("5", 0),
        (1e-8, 8),
        ("2.5e-7", 8),
        (None, None),
        ("", None),
    ],
)
def test_a_step_tells_the_decimals(modules: Page, step: object, places: int | None) -> None:
    assert _call(modules, "decimals", step) == places


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        (67412.5, 1, "67,412.5"),
        (67412.5, 2, "67,412.50"),
        (-3.14159, 2, "−3.14"),
        (0.00001234, 8, "0.00001234"),
        (1.5, None, "1.5"),
        (0, 2, "0.00"),
        (None, 2, "—"),
    ],
)
def test_a_price_has_the_decimals_of_its_tick(
    modules: Page, value: float | None, places: int | None, text: str
) -> None:
    assert _call(modules, "fixed", value, places) == text


@pytest.mark.parametrize(
    ("value", "text"), [(2.3149, "+2.31%"), (-0.5, "−0.50%"), (0, "0.00%"), (0.001, "0.00%"), (None, "—")]
)
def test_a_change_carries_its_sign(modules: Page, value: float | None, text: str) -> None:
    assert _call(modules, "percent", value) == text


@pytest.mark.parametrize(("value", "text"), [(1234567, "1.235M"), (999, "999"), (0, "0"), (None, "—")])
def test_large_amounts_are_short(modules: Page, value: float | None, text: str) -> None:
    assert _call(modules, "compact", value) == text


@pytest.mark.parametrize(
    "time",
    ["2026-01-26T12:04:31.250Z", 1769429071.25, 1769429071250, 1769429071250000000],
    ids=["ISO 8601", "seconds", "milliseconds", "nanoseconds"],
)
def test_a_time_is_understood_in_every_unit(modules: Page, time: object) -> None:
    assert _call(modules, "milliseconds", time) == 1769429071250


@pytest.mark.parametrize("time", [None, "yesterday"])
def test_an_unreadable_time_is_unknown_and_not_the_epoch(modules: Page, time: object) -> None:
    assert _call(modules, "milliseconds", time) is None


@pytest.mark.parametrize(
    ("duration", "text"),
    [(12_400, "12 s"), (249_000, "4 m 09 s"), (11_532_000, "3 h 12 m"), (273_600_000, "3 d 4 h")],
)
def test_a_duration_is_told_in_its_two_largest_units(modules: Page, duration: int, text: str) -> None:
    assert _call(modules, "lasting", duration) == text


@pytest.mark.parametrize(("duration", "text"), [(25_771_000, "07:09:31"), (0, "00:00:00"), (-1, "00:00:00")])
def test_a_countdown_never_runs_below_zero(modules: Page, duration: int, text: str) -> None:
    assert _call(modules, "countdown", duration) == text


def test_clocks_show_utc(modules: Page) -> None:
    assert _call(modules, "clock", 1769429071250) == "12:04:31"
    assert _call(modules, "moment", 1769429071250) == "2026-01-26 12:04"
    assert _call(modules, "moment", 1769429071250, True) == "2026-01-26 12:04:31"
