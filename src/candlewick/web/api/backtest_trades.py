"""Trades of a person's backtests, as a chart draws them: columns of numbers, for looking."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

import numpy as np
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema
from numpy.typing import NDArray
from pydantic import Field

from candlewick.core.clock import iso
from candlewick.core.errors import Conflict, UnknownSymbol
from candlewick.core.instrument import parse_symbol
from candlewick.fills.state import REASONS
from candlewick.runtime.jobs import desk
from candlewick.runtime.jobs.folders import folder_of
from candlewick.store.models import Job, JobState
from candlewick.web.api import schemas
from candlewick.web.api.access import person_of
from candlewick.web.api.paging import answer
from candlewick.web.services import services_of

charts = Router(tags=["charts"])
research = Router(tags=["research"])
MOST_LISTED: Final = 50
MOST_DRAWN: Final = 50_000


class TradedBacktest(Schema):
    """A finished backtest that traded a market."""

    id: str
    name: str
    timeframe: str
    trades: int
    ended: str | None


class DrawnTrades(Schema):
    """Trades of one market in order of their entry, a column each; times are when the bars open, UTC seconds.

    `side` is 1 for long and -1 for short; an open trade has no `exit_time`, and the last close for its
    `exit_price`. `returned` is `pnl` by the notional at entry, `stop` and `target` where those stood at entry
    (null: none). Of more than `limit` the newest; `left_off` says how many are missing.
    """

    symbol: str
    timeframe: str
    left_off: int
    side: list[int]
    entry_time: list[int]
    exit_time: list[int | None]
    entry_price: list[float]
    exit_price: list[float]
    size: list[float]
    pnl: list[float]
    returned: list[float]
    stop: list[float | None]
    target: list[float | None]
    reason: list[str]


@charts.get(
    "/backtests/", response={200: list[TradedBacktest]}, summary="Backtests whose trades a chart can show"
)
def traded(request: HttpRequest, symbol: str) -> HttpResponse:
    """Yours that are done and traded `symbol`, the newest first; 50 at most."""
    instrument = parse_symbol(symbol, primary=services_of(request).primary)
    mine = Job.objects.filter(owner_id=person_of(request).id, kind="backtest", state=JobState.DONE)
    rows = mine.order_by("-created_ns", "-pk").values("pk", "name", "spec", "summary", "ended_ns")
    found = [row for row in rows[: 4 * MOST_LISTED] if instrument in row["spec"].get("symbols", ())]
    return answer([_listed(row) for row in found[:MOST_LISTED]])


@research.get(
    "/{id}/trades/",
    response={200: DrawnTrades, 409: schemas.Problem},
    summary="Trades of a backtest, for a chart",
)
def trades(
    request: HttpRequest,
    id: Annotated[str, Field(max_length=32)],
    symbol: str | None = None,
    limit: Annotated[int, Query(ge=1, le=MOST_DRAWN)] = 20_000,
) -> HttpResponse:
    """Of `symbol`, or of the first market that it traded."""
    job = desk.find(person_of(request).id, id)
    if job.kind != "backtest":
        raise desk.UnknownJob(id)
    place = folder_of(settings.DATA_DIR, job.pk)
    if job.state != JobState.DONE or not (place / "trades.npy").is_file():
        raise Conflict(f"The study {job.name!r} has no trades to show: run it first.")
    symbols: list[str] = job.spec["symbols"]
    wanted = parse_symbol(symbol, primary=services_of(request).primary) if symbol else symbols[0]
    if wanted not in symbols:
        raise UnknownSymbol(symbol or wanted)
    rows = np.load(place / "trades.npy", mmap_mode="r")
    rows = rows[rows["market"] == symbols.index(wanted)]
    rows = rows[np.argsort(rows["entry_bar"], kind="stable")]
    times = np.load(place / "time.npy", mmap_mode="r")
    return answer(_columns(rows[-limit:], times) | {
        "symbol": wanted, "timeframe": job.spec["timeframe"], "left_off": max(len(rows) - limit, 0),
    })  # fmt: skip


def _listed(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": row["pk"],
        "name": row["name"],
        "timeframe": row["spec"]["timeframe"],
        "trades": int((row["summary"] or {}).get("trades") or 0),
        "ended": None if row["ended_ns"] is None else iso(row["ended_ns"]),
    }


def _columns(rows: NDArray[Any], times: NDArray[np.int64]) -> dict[str, Any]:
    """The columns as JSON takes them; a number that is not there is null."""
    exits = rows["exit_bar"]
    left = np.where(exits >= 0, times[np.maximum(exits, 0)], -1).tolist()
    return {
        "side": rows["side"].tolist(),
        "entry_time": times[rows["entry_bar"]].tolist(),
        "exit_time": [time if time >= 0 else None for time in left],
        "entry_price": rows["entry_price"].tolist(),
        "exit_price": rows["exit_price"].tolist(),
        "size": rows["size"].tolist(),
        "pnl": rows["pnl"].tolist(),
        "returned": (rows["pnl"] / rows["notional"]).tolist(),
        "stop": _prices(rows, "stop"),
        "target": _prices(rows, "target"),
        "reason": [
            REASONS[why] if bar >= 0 else "open"
            for why, bar in zip(rows["why"].tolist(), exits.tolist(), strict=True)
        ],
    }


def _prices(rows: NDArray[Any], name: str) -> list[float | None]:
    """Of each trade, where none was, null; a run that was kept before it was written has none."""
    if name not in (rows.dtype.names or ()):
        return [None] * len(rows)
    return [price if price > 0 else None for price in rows[name].tolist()]
