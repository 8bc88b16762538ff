"""js/terminal/chart/glyphs.js: signs where an indicator found something, near and from afar."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

BARS = 3_000
PREPARE = """async ([bars, spacing, odd]) => {
    const { CandlestickSeries, createChart } = await import('lightweight-charts');
    const { CHART } = await import('/js/terminal/chart/theme.js');
    const { Glyphs } = await import('/js/terminal/chart/glyphs.js');
    const { SplitSeries } = await import('/js/terminal/chart/split.js');
    document.body.replaceChildren();
    const box = document.body.appendChild(document.createElement('div'));
    box.style.cssText = 'width: 600px; height: 400px';
    const chart = createChart(box, { ...CHART, timeScale: { ...CHART.timeScale, barSpacing: spacing } });
    const candles = new SplitSeries(chart, CandlestickSeries, { priceLineVisible: false });
    const flat = { open: 100, high: 101, low: 99, close: 100 };
    const low = (bar) => (bar === odd ? 20 : 99);
    candles.setAll(bars.map((bar) => ({ time: 60 * (bar + 1), ...flat, low: low(bar) })));
    const signs = new Glyphs(candles, { up: '#ff00ff', down: '#00ffff' });
    signs.setAll(bars.map((bar) => ({ time: 60 * (bar + 1), value: 100 })));
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    const canvas = chart.takeScreenshot(true, false); // signs stand above the candles
    const context = canvas.getContext('2d');
    // how many pixels of the signs' colour there are just below a price
    window.below = (price) => {
        const y = Math.round(candles.live.priceToCoordinate(price));
        const pixels = context.getImageData(0, y, canvas.width, 20).data;
        let found = 0;
        for (let at = 0; at < pixels.length; at += 4) {
            const [red, green, blue] = pixels.subarray(at, at + 3);
            if (red > 200 && green < 60 && blue > 200) found += 1;
        }
        return found;
    };
}"""


@pytest.mark.parametrize("spacing", [7, 0.3])
@pytest.mark.parametrize("odd", range(BARS - 24, BARS - 20))
def test_the_sign_of_the_lowest_candle_is_seen_near_and_from_afar(
    modules: Page, spacing: float, odd: int
) -> None:
    modules.evaluate(PREPARE, [list(range(BARS)), spacing, odd])

    assert modules.evaluate("below(20)") > 20, "the lowest candle's own"
    assert modules.evaluate("below(99)") > 20, "and those of the others"
    assert modules.evaluate("below(60)") == 0
