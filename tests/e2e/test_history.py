"""js/terminal/chart/history.js: candles are asked for until the server has them, and no longer."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route

CANDLE = {"time": 60, "open": 1, "high": 2, "low": 1, "close": 2, "volume": 3}
ASK = """async () => {
    const { newest } = await import('/js/terminal/chart/history.js');
    window.stop = new AbortController();
    window.asked = newest('sim-east:BTCUSDT', '1m', stop.signal).then(
        (candles) => ({ candles }),
        ({ name, message, status }) => ({ name, message, status }),
    );
}"""


def _answers(page: Page, *answers: Callable[[Route], None]) -> list[str]:
    """Let the server answer so, one after the other, the last one for ever; and note what was asked."""
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        answers[min(len(asked), len(answers)) - 1](route)

    page.route("**/api/**", answer)
    page.clock.install()
    page.evaluate(ASK)
    return asked


def _outcome(page: Page) -> Any:
    for _ in range(40):
        page.clock.run_for(1_000)
    return page.evaluate("asked")


def _problem(status: int, detail: str, **headers: str) -> Callable[[Route], None]:
    body = json.dumps({"status": status, "detail": detail})
    content_type = "application/problem+json"
    return lambda route: route.fulfill(status=status, body=body, content_type=content_type, headers=headers)


def _candles(route: Route) -> None:
    route.fulfill(body=json.dumps([CANDLE]), content_type="application/json")


def test_the_newest_page_is_asked_for_as_the_document_preloads_it(modules: Page) -> None:
    asked = _answers(modules, _candles)

    assert _outcome(modules) == {"candles": [CANDLE]}
    assert asked == [
        "http://modules.test/api/dashboard/charts/ohlcv/?symbol=sim-east%3ABTCUSDT&interval=1m&limit=1000"
    ]


@pytest.mark.parametrize(
    "busy",
    [
        _problem(503, "The engine is away."),
        _problem(429, "Too much.", **{"Retry-After": "2"}),
        lambda route: route.abort(),
    ],
    ids=["engine away", "too many requests", "no server"],
)
def test_a_busy_server_is_asked_again(modules: Page, busy: Callable[[Route], None]) -> None:
    asked = _answers(modules, busy, busy, _candles)

    assert _outcome(modules) == {"candles": [CANDLE]}
    assert len(asked) == 3


def test_a_refusal_is_final_and_tells_its_sentence(modules: Page) -> None:
    asked = _answers(modules, _problem(404, "Unknown symbol 'X'."))

    assert _outcome(modules) == {"name": "Problem", "message": "Unknown symbol 'X'.", "status": 404}
    assert len(asked) == 1


def test_nobody_is_asked_again_for_what_is_not_looked_at_any_more(modules: Page) -> None:
    asked = _answers(modules, _problem(503, "The engine is away."))
    while not asked:
        modules.clock.run_for(10)

    modules.evaluate("stop.abort()")

    assert _outcome(modules)["name"] == "AbortError"
    assert len(asked) == 1
