"""js/terminal/chart/columns.js: what is drawn where many bars share a column of pixels."""

from __future__ import annotations

import math
from collections import defaultdict
from random import Random
from typing import Any

import pytest
from playwright.sync_api import Page

PREPARE = """async ([points, spacing, settled]) => {
    const { createChart, LineSeries } = await import('lightweight-charts');
    const { drawnOf } = await import('/js/terminal/chart/columns.js');
    const { SplitSeries } = await import('/js/terminal/chart/split.js');
    const box = document.body.appendChild(document.createElement('div'));
    box.style.cssText = 'width: 600px; height: 300px';
    const chart = createChart(box, { timeScale: { minBarSpacing: 0.01, barSpacing: spacing } });
    // every bar has a place on the time scale, whether the series has a point there or not
    chart.addSeries(LineSeries).setData(points.map(({ time }) => ({ time })));
    const series = new SplitSeries(chart, LineSeries, {});
    const known = points.filter(({ value }) => value !== null);
    series.setAll(known.slice(0, settled));
    for (const point of known.slice(settled)) series.update(point);
    chart.timeScale().scrollToPosition(-20, false);
    const seen = chart.timeScale().getVisibleRange();
    const drawn = drawnOf(series, chart, 1);
    return {
        drawn: drawn.points.map((point, at) => [drawn.xs[at], point.value]),
        all: known
            .filter(({ time }) => time >= seen.from && time <= seen.to)
            .map(({ time, value }) => [chart.timeScale().timeToCoordinate(time), value]),
    };
}"""

Dot = tuple[float, float]


def _drawn(
    page: Page, values: list[float | None], spacing: float, live: int = 1
) -> tuple[list[Dot], list[Dot]]:
    """Where the points that are drawn stand, and where all that are in view do."""
    points = [{"time": 60 * (bar + 1), "value": value} for bar, value in enumerate(values)]
    settled = sum(value is not None for value in values) - live
    found: dict[str, Any] = page.evaluate(PREPARE, [points, spacing, settled])
    return [tuple(dot) for dot in found["drawn"]], [tuple(dot) for dot in found["all"]]


def _columns(dots: list[Dot]) -> dict[int, list[float]]:
    columns = defaultdict(list)
    for x, value in dots:
        columns[math.floor(x + 1e-6)].append(value)
    return columns


def _assert_all_and_one_beyond_either_edge(drawn: list[Dot], everything: list[Dot]) -> None:
    first = [value for _, value in drawn].index(everything[0][1])
    assert first <= 1
    assert len(drawn) - first - len(everything) <= 1
    for (x, value), (wanted_x, wanted) in zip(drawn[first:], everything, strict=False):
        assert value == wanted
        assert x == pytest.approx(wanted_x, abs=0.01)


def _walk(bars: int, seed: int = 1) -> list[float | None]:
    chance = Random(seed)
    return [round(100 + chance.gauss(0, 5) + (400 if chance.random() < 0.01 else 0), 3) for _ in range(bars)]


@pytest.mark.parametrize("spacing", [0.5, 0.25, 0.125])
def test_the_lowest_and_the_highest_of_every_column_are_drawn_and_no_more(
    modules: Page, spacing: float
) -> None:
    drawn, everything = _drawn(modules, _walk(6_000), spacing)

    wanted, found = _columns(everything), _columns(drawn)
    assert len(everything) > 1_000
    for column, values in wanted.items():
        assert sorted(found[column]) == sorted({min(values), max(values)}), column
    xs = [x for x, _ in drawn]
    assert xs == sorted(xs)


def test_every_bar_is_drawn_where_each_has_a_column_of_its_own(modules: Page) -> None:
    drawn, everything = _drawn(modules, _walk(300), 7)

    _assert_all_and_one_beyond_either_edge(drawn, everything)


def test_bars_without_a_value_move_no_other_bar(modules: Page) -> None:
    values = [None if bar % 17 == 5 or 200 < bar < 230 else float(bar) for bar in range(300)]

    drawn, everything = _drawn(modules, values, 6)

    at = {value: x for x, value in drawn}
    assert all(at[value] == pytest.approx(x, abs=0.01) for x, value in everything)


def test_the_live_part_goes_on_where_the_settled_one_ends(modules: Page) -> None:
    drawn, everything = _drawn(modules, _walk(300), 7, live=40)

    _assert_all_and_one_beyond_either_edge(drawn, everything)


def test_nothing_is_drawn_of_an_empty_series(modules: Page) -> None:
    drawn, everything = _drawn(modules, [None] * 50, 7, live=0)

    assert drawn == everything == []
