"""js/terminal/chart/captions.js: what is written at fills, and that nothing lies on another."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("playwright.sync_api")

from playwright.sync_api import Page


def _captions(page: Page, marks: list[dict[str, Any]], spacing: float) -> list[str]:
    script = """async ([marks, spacing]) => {
        const { captions } = await import('/js/terminal/chart/captions.js');
        return captions(marks, 3, (time) => time / 60, spacing);
    }"""
    found: list[str] = page.evaluate(script, [marks, spacing])
    return found


def _mark(bar: int, side: str = "sell", quantity: float = 0.05, profit: float = 0.0) -> dict[str, Any]:
    return {"time": 60 * bar, "side": side, "price": 100, "quantity": quantity, "realized_pnl": profit}


def test_both_sides_of_one_bar_share_a_caption_with_what_they_made(modules: Page) -> None:
    marks = [_mark(1, "buy"), _mark(1, "sell", 0.88, 0.13)]
    assert _captions(modules, marks, 8) == ["", "↑0.050 ↓0.880  +0.13"]


def test_of_captions_that_would_lie_on_each_other_the_newest_is_written(modules: Page) -> None:
    marks = [_mark(1), _mark(3), _mark(40)]
    assert _captions(modules, marks, 8) == ["", "Sell 0.050", "Sell 0.050"]


def test_all_are_written_where_there_is_room(modules: Page) -> None:
    marks = [_mark(1), _mark(3), _mark(40)]
    assert _captions(modules, marks, 60) == ["Sell 0.050"] * 3
