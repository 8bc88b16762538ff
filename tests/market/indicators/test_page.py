"""The page says what the catalogue says."""

from __future__ import annotations

import re
from typing import Any

from candlewick import ta
from tests.market.indicators.ground import walk
from tools.indicators_page import PAGE, renewed


def test_the_page_is_written_from_the_catalogue() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == renewed(page), "Write it anew: python -m tools.indicators_page"


def test_every_function_is_documented_with_its_errors() -> None:
    functions = [getattr(ta, name) for name in ta.__all__ if name.islower()]
    assert len(functions) > 40
    for function in functions:
        assert function.__doc__ is not None
        assert "Raises:\n        UsageError:" in function.__doc__, function.__name__


def test_what_the_page_shows_can_be_run() -> None:
    block = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert block
    names: dict[str, Any] = {"bars": walk(300, seed=1)}
    exec(block[1], names)
    assert len(names["upper"]) == 300
    assert names["upper"][-1] > names["middle"][-1] > names["lower"][-1]
