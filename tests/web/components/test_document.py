"""docs/components.md: the component and the tests that it tells one to write work as they stand there."""

from __future__ import annotations

import re
import unittest
from pathlib import Path
from typing import Any

import pytest

from candlewick.web.components.registry import registry

PAGE = Path(__file__).resolve().parents[3] / "docs/components.md"


def test_the_component_of_the_page_and_its_tests_run(monkeypatch: pytest.MonkeyPatch) -> None:
    component, tests = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    monkeypatch.setattr(registry, "_components", dict(registry._components))
    names: dict[str, Any] = {"__name__": "page"}
    exec(component, names)
    names["Orders"].template_name = "components/_notice.html"  # the page leaves its template to the reader
    exec(tests, names)

    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(names["TestOrders"]).run(result)

    assert result.testsRun == 2
    assert result.errors == result.failures == []


def test_the_page_lists_every_component_with_its_events() -> None:
    from candlewick.web.components import urls

    assert urls.urlpatterns
    page = PAGE.read_text()
    for name in registry:
        component = registry.get(name)
        assert component is not None
        row = next(line for line in page.splitlines() if line.startswith(f"| `{name}` |"))
        assert set(component.events) <= set(re.findall(r"`(\w+)`", row))
