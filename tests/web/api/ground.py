"""What the tests of the API share: candles, bodies that are sent, and what a problem document has to hold."""

from __future__ import annotations

from typing import Any

import orjson
from django.test import Client

from candlewick.core.events import Candle


def candle(time: int, close: float, *, of: str = "sim:BTCUSDT", closed: bool = True) -> Candle:
    return Candle(of, "1m", time, 1.0, close + 1, 0.5, close, 2.5, closed, time * 10**9, time * 10**9)


def problem(answer: Any, status: int) -> dict[str, Any]:
    """The problem document, which must be one."""
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    document: dict[str, Any] = orjson.loads(answer.content)
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    return document


def put(client: Client, path: str, body: Any, **headers: str) -> Any:
    return client.put(path, orjson.dumps(body), content_type="application/json", headers=headers)
