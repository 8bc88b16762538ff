"""Requests as a well-behaved client sends them: one that is told to come again later does, for a minute."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from typing import Any, Final, TypeVar

from playwright.sync_api import APIResponse, Page

LASTING_S: Final = 60.0
T = TypeVar("T")


def patiently(ask: Callable[[], T], refused: Callable[[T], float | None]) -> T:
    """The answer, once it is not "come again in so many seconds", or a minute has passed.

    An engine that has no processor for some seconds is away as long, and says so of each request. A request
    that places something has to carry a key, so that none is placed twice.
    """
    end = time.monotonic() + LASTING_S
    while True:
        answer = ask()
        wait_s = refused(answer)
        if wait_s is None or time.monotonic() + wait_s > end:
            return answer
        time.sleep(wait_s)


def call(page: Page, method: str, path: str, body: Any = None) -> APIResponse:
    """A request as a program would send it, with the session of a page."""
    token = page.locator("[name=csrfmiddlewaretoken]").first.input_value()
    origin = page.evaluate("location.origin")
    headers = {
        "X-CSRFToken": token,
        "Origin": origin,
        "Referer": f"{origin}/",
        "Content-Type": "application/json",
        "Idempotency-Key": uuid.uuid4().hex,
    }
    data = None if body is None else json.dumps(body)
    return patiently(
        lambda: page.request.fetch(path, method=method, data=data, headers=headers),
        lambda answer: float(answer.headers.get("retry-after", 1)) if answer.status == 503 else None,
    )
