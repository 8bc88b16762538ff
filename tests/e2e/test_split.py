"""js/terminal/chart/split.js: a series in two parts holds the same bars as one would."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

PREPARE = """async () => {
    const { createChart, LineSeries } = await import('lightweight-charts');
    const { SplitSeries } = await import('/js/terminal/chart/split.js');
    const box = document.body.appendChild(document.createElement('div'));
    box.style.cssText = 'width: 600px; height: 300px';
    window.series = new SplitSeries(createChart(box), LineSeries, {});
    window.point = (time, value = time) => ({ time, value });
    window.held = () => series.points.map(({ time, value }) => [time, value]);
    // what the two parts of the chart hold together
    window.drawn = () =>
        [...series.history.data(), ...series.live.data()].map(({ time, value }) => [time, value]);
}"""


def _after(page: Page, script: str) -> list[list[int]]:
    page.evaluate(PREPARE)
    page.evaluate(f"() => {{ {script} }}")
    held: Any = page.evaluate("held()")
    assert page.evaluate("drawn()") == held
    assert page.evaluate("series.first?.time ?? null") == (held[0][0] if held else None)
    assert page.evaluate("series.last?.time ?? null") == (held[-1][0] if held else None)
    bars: list[list[int]] = held
    return bars


def test_the_last_bar_moves_until_the_next_one_comes(modules: Page) -> None:
    script = (
        "series.setAll([point(1), point(2)]);"
        "series.update(point(2, 9)); series.update(point(3)); series.update(point(3, 7));"
    )
    assert _after(modules, script) == [[1, 1], [2, 9], [3, 7]]


def test_bars_before_the_first_are_put_in_front_and_no_bar_twice(modules: Page) -> None:
    script = "series.setAll([point(5), point(6)]); series.prepend([point(3), point(4), point(5, 99)]);"
    assert _after(modules, script) == [[3, 3], [4, 4], [5, 5], [6, 6]]


def test_an_older_bar_is_corrected_where_it_stands(modules: Page) -> None:
    script = (
        "series.setAll([point(1), point(2), point(3)]); series.update(point(4)); series.update(point(5));"
        "series.update(point(1, 10)); series.update(point(2, 20)); series.update(point(4, 40));"
    )
    assert _after(modules, script) == [[1, 10], [2, 20], [3, 3], [4, 40], [5, 5]]


def test_a_bar_that_was_missed_finds_its_place(modules: Page) -> None:
    script = (
        "series.setAll([point(1), point(4)]); series.update(point(3)); series.merge([point(2), point(4, 8)]);"
    )
    assert _after(modules, script) == [[1, 1], [2, 2], [3, 3], [4, 8]]


def test_an_empty_series_begins_with_the_first_update(modules: Page) -> None:
    assert _after(modules, "series.update(point(1)); series.update(point(2));") == [[1, 1], [2, 2]]


def test_the_live_part_stays_short_however_long_it_goes_on(modules: Page) -> None:
    bars = _after(
        modules, "series.setAll([point(0)]); for (let i = 1; i <= 1000; i++) series.update(point(i));"
    )

    assert bars == [[number, number] for number in range(1001)]
    assert modules.evaluate("series.live.data().length") <= 400


def test_a_cleared_series_is_empty(modules: Page) -> None:
    assert _after(modules, "series.setAll([point(1), point(2)]); series.clear();") == []
