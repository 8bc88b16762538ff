"""`/api/dashboard/charts/`: candles, indicators, and volume by price."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

import numpy as np
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from candlewick.core.errors import UsageError
from candlewick.core.interval import seconds
from candlewick.market.bars import Bars, Column
from candlewick.market.indicators.catalogue import described, parse_list
from candlewick.market.indicators.profile import volume_profile
from candlewick.market.indicators.registry import Study
from candlewick.web.api import history
from candlewick.web.api.market_schemas import Candle, IndicatorKind, Point, Profile
from candlewick.web.api.paging import answer, passed_on
from candlewick.web.api.when import utc_seconds
from candlewick.web.services import services_of

router = Router(tags=["charts"])
Limit = Annotated[int, Query(ge=1, le=history.MOST)]


@router.get("/ohlcv/", response={200: list[Candle]}, summary="Candles, oldest first")
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
    return passed_on(history.json(services_of(request), wanted))


@router.get(
    "/indicators/catalogue/", response={200: list[IndicatorKind]}, summary="Indicators that a chart can show"
)
def catalogue(request: HttpRequest) -> HttpResponse:
    """Every indicator with its parameters, their ranges, its lines and how each is drawn.

    `key` is what `indicators/` takes for its usual numbers; a line is named `<key>.<output>` there if the
    indicator has several.
    """
    return answer(described())


@router.get("/indicators/", response={200: dict[str, list[Point]]}, summary="Indicators over candles")
def indicators(
    request: HttpRequest,
    symbol: str,
    indicators: Annotated[str, Query(max_length=1_000)],
    interval: str = "1m",
    start: str | None = None,
    end: str | None = None,
    limit: Limit = 500,
) -> HttpResponse:
    """`indicators=ema:20,rsi:14` gives `{"ema:20": [{time, value}, …], "rsi:14": …}`.

    Values depend on bars before the first one shown, which are read too; null means that there are too
    few of them, or that a source does not tell the volume that the indicator needs. An indicator of several
    lines has one list each, as in `macd:12:26:9.signal`. What there is, `indicators/catalogue/` tells.
    """
    studies = parse_list(indicators)
    if not studies:
        raise UsageError("indicators: name at least one, as in ema:20,rsi:14.")
    first = utc_seconds(start, "start")
    wanted = history.Range(symbol, interval, first, utc_seconds(end, "end"), limit)
    found = history.bars(
        services_of(request), _with_lookback(wanted, max(study.lookback for study in studies))
    )
    shown = len(found) if first is None else int(np.count_nonzero(found.time >= first))
    return answer(_lines(studies, found, min(shown, limit)))


@router.get("/volume-profile/", response={200: Profile}, summary="Volume by price")
def profile(
    request: HttpRequest,
    symbol: str,
    interval: str = "1m",
    end: str | None = None,
    period: Annotated[int, Query(ge=2, le=1_000)] = 100,
    bins: Annotated[int, Query(ge=4, le=100)] = 24,
    share: Annotated[float, Query(ge=0.05, le=1)] = 0.7,
) -> HttpResponse:
    """Of the last `period` bars that open before `end`, the open one included: the volume in each of `bins`.

    The same as the indicator `volume_profile` tells of its last row, with the bins themselves.
    """
    wanted = history.Range(symbol, interval, None, utc_seconds(end, "end"), period)
    found = history.bars(services_of(request), wanted)
    made = volume_profile(found.high, found.low, found.volume, bins, share)
    return answer(
        {
            "start": int(found.time[0]) if len(found) else None,
            "edges": _told(made.edges),
            "volume": _told(made.volume),
            "poc": _known(made.poc),
            "value_low": _known(made.value_low),
            "value_high": _known(made.value_high),
        }
    )


def _told(column: Column) -> list[float]:
    """A column without a hole, or nothing."""
    return [] if np.isnan(column).any() else column.tolist()


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value


def _with_lookback(wanted: history.Range, lookback: int) -> history.Range:
    """The range and as much before it as there may be at once."""
    limit = min(wanted.limit + lookback, history.MOST)
    if wanted.start is None:
        return replace(wanted, limit=limit)
    return replace(wanted, limit=limit, start=max(0, wanted.start - lookback * seconds(wanted.interval)))


def _lines(studies: tuple[Study, ...], bars: Bars, shown: int) -> dict[str, list[dict[str, Any]]]:
    times = bars.time[len(bars) - shown :].tolist()
    lines: dict[str, list[dict[str, Any]]] = {}
    for study in studies:
        for name, column in _computed(study, bars).items():
            key = study.key if len(study.lines) == 1 else f"{study.key}.{name}"
            values = column[len(bars) - shown :].tolist()
            lines[key] = [{"time": time, "value": value} for time, value in zip(times, values, strict=True)]
    return lines


def _computed(study: Study, bars: Bars) -> dict[str, Column]:
    """The lines of a study, unknown throughout where it reads a number that a source does not tell."""
    try:
        return study.compute(bars)
    except UsageError:  # a hole in a column: the other studies are whole
        return dict.fromkeys(study.lines, np.full(len(bars), np.nan))
