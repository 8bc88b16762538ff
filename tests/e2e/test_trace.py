"""js/terminal/chart/trace.js: lines, dots and bars as they stand on the canvas."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from candlewick.market.indicators.catalogue import described

KINDS = {kind["name"]: kind for kind in described()}
SPIKE = 1_000.0
COLOR = (255, 0, 255)
PREPARE = """async ([kind, name, values, spacing, width, spike, color]) => {
    const { CandlestickSeries, createChart } = await import('lightweight-charts');
    const { CHART } = await import('/js/terminal/chart/theme.js');
    const { SplitSeries } = await import('/js/terminal/chart/split.js');
    const { Study } = await import('/js/terminal/chart/study.js');
    document.body.replaceChildren();
    const box = document.body.appendChild(document.createElement('div'));
    box.style.cssText = 'width: 600px; height: 400px';
    const chart = createChart(box, { ...CHART, timeScale: { ...CHART.timeScale, barSpacing: spacing } });
    const candles = new SplitSeries(chart, CandlestickSeries, {});
    const times = values.map((_, at) => 60 * (at + 1));
    const price = { open: 100, high: spike, low: 100, close: 100 };
    candles.setAll(times.map((time) => ({ time, ...price })));
    candles.applyOptions({ visible: false });
    const look = { key: kind.key, colors: { [name]: color }, width, style: 'solid', hidden: false };
    const pane = kind.pane === 'own' ? 1 : 0;
    const study = new Study(chart, { kind, look, pane, candles, places: () => 2 });
    const lines = Object.fromEntries(kind.outputs.map((output) => [output.name, []]));
    study.prepend({ ...lines, [name]: times.map((time, at) => ({ time, value: values[at] })) });
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    const hasValues = (series) => series.data().some(({ value }) => value);
    const series = chart.panes()[pane].getSeries().find(hasValues);
    const canvas = chart.takeScreenshot();
    const context = canvas.getContext('2d');
    const top = pane ? chart.panes()[0].getHeight() + 1 : 0;
    const [red, green, blue] = color.match(/[0-9a-f]{2}/g).map((part) => parseInt(part, 16));
    window.near = (value, reach) => {
        const y = Math.round(top + series.priceToCoordinate(value));
        const pixels = context.getImageData(0, y - reach, canvas.width, 2 * reach + 1).data;
        let found = 0;
        for (let at = 0; at < pixels.length; at += 4) {
            const [r, g, b] = pixels.subarray(at, at + 3);
            const away = Math.abs(r - red) + Math.abs(g - green) + Math.abs(b - blue);
            if (away < 300) found += 1; // at least half of it
        }
        return found;
    };
}"""


def _paint(
    page: Page, name: str, values: list[float], spacing: float, width: int = 1, line: str = ""
) -> None:
    """Draw one line of an indicator, the first unless it is named, on a plot of 600 by 400 pixels."""
    line = line or KINDS[name]["outputs"][0]["name"]
    color = "#{:02x}{:02x}{:02x}".format(*COLOR)
    page.evaluate(PREPARE, [KINDS[name], line, values, spacing, width, SPIKE, color])


def _pixels_near(page: Page, value: float, reach: int = 3) -> int:
    """How many pixels of the line's colour there are at the height of a value."""
    found: int = page.evaluate("([value, reach]) => near(value, reach)", [value, reach])
    return found


@pytest.mark.parametrize("name", ["ema", "rsi", "parabolic_sar"])
@pytest.mark.parametrize("bar", range(2_000, 2_004))
def test_the_one_bar_that_stands_out_is_seen_from_afar(modules: Page, name: str, bar: int) -> None:
    values = [100.0] * 3_000
    values[bar] = SPIKE

    _paint(modules, name, values, 0.3)

    assert _pixels_near(modules, SPIKE) > 0, "its height is on the canvas"
    assert _pixels_near(modules, 550) < 40, "and it is one bar, not a block"


@pytest.mark.parametrize("bar", range(2_000, 2_004))
def test_bars_from_zero_keep_the_highest_and_the_lowest(modules: Page, bar: int) -> None:
    values = [1.0] * 3_000
    values[bar], values[bar - 7] = SPIKE, -SPIKE

    _paint(modules, "macd", values, 0.3, line="histogram")

    assert _pixels_near(modules, SPIKE * 0.9) > 0
    assert _pixels_near(modules, -SPIKE * 0.9) > 0


@pytest.mark.parametrize("spacing", [12, 6, 3, 1, 0.3])
def test_a_broad_line_is_broader_than_a_thin_one_at_every_distance(modules: Page, spacing: float) -> None:
    values = [100.0 + (bar % 2) * 1e-3 for bar in range(3_000)]
    values[2_990] = SPIKE  # so that the line is not the whole scale
    found = []
    for width in (1, 4):
        _paint(modules, "ema", values, spacing, width)
        found.append(_pixels_near(modules, 100, 6))

    thin, broad = found
    assert broad > 1.4 * thin > 0


def test_a_line_of_one_bar_is_as_long_as_the_bar_is_wide(modules: Page) -> None:
    _paint(modules, "ema", [50.0], 40)

    assert 40 <= _pixels_near(modules, 50) <= 120
