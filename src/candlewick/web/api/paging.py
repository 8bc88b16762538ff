"""Lists in pages: `limit` and `cursor` in, `{items, next}` out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import orjson
from django.http import HttpResponse

JSON = "application/json"


def page(items: Sequence[Any], limit: int, cursor: str | None, key: Callable[[Any], str]) -> HttpResponse:
    """The items after `cursor`, the key of the last item of the page before; `items` rise by their key."""
    rest = [item for item in items if cursor is None or key(item) > cursor]
    shown = rest[:limit]
    following = key(shown[-1]) if len(rest) > limit and shown else None
    return answer({"items": shown, "next": following})


def answer(body: Any) -> HttpResponse:
    """Plain data as JSON; big lists are no work for response models."""
    return HttpResponse(orjson.dumps(body), content_type=JSON)


def passed_on(body: bytes, *, status: int = 200) -> HttpResponse:
    """JSON that the engine has written already."""
    return HttpResponse(body, status=status, content_type=JSON)


def records_page(items: Sequence[bytes], following: str | None) -> HttpResponse:
    """A page of records, each written as JSON already, and the cursor of the next."""
    cursor = orjson.dumps(following)
    return HttpResponse(b'{"items":[' + b",".join(items) + b'],"next":' + cursor + b"}", content_type=JSON)
