"""`/api/dashboard/charts/`: candles and indicators."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from candlewick.web.api import history
from candlewick.web.api.paging import answer
from candlewick.web.api.when import utc_seconds
from candlewick.web.services import services_of

router = Router(tags=["charts"])
Limit = Annotated[int, Query(ge=1, le=history.MOST)]


@router.get("/ohlcv/", summary="Candles, oldest first")
def ohlcv(
    request: HttpRequest,
    symbol: str,
    interval: str = "1m",
    start: str | None = None,
    end: str | None = None,
    limit: Limit = 500,
) -> HttpResponse:
    """Candles opening in [start, end) as `{time, open, high, low, close, volume}`, `time` in UTC seconds.

    Of more than `limit` the newest are given; the last one may still be open. `start` and `end` are
    ISO 8601 or UTC seconds.
    """
    wanted = history.Range(symbol, interval, utc_seconds(start, "start"), utc_seconds(end, "end"), limit)
    return answer(history.as_rows(history.bars(services_of(request), wanted)))
