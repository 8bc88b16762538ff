"""`/api/dashboard/trades/`: the journal for programs."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from ninja import File, Form, Query, Router, Schema
from ninja.files import UploadedFile
from pydantic import ConfigDict, Field

from candlewick.core.errors import UsageError
from candlewick.runtime.accounts.shapes import encode
from candlewick.web.api.paging import passed_on, records_page
from candlewick.web.api.schemas import Exact, Problem
from candlewick.web.journal import images, notes, trades
from candlewick.web.journal.question import Question
from candlewick.web.journal.writing import require_writer, write_note
from candlewick.web.people.accounts import chosen
from candlewick.web.people.identity import person_of
from candlewick.web.people.trail import note as audited
from candlewick.web.services import services_of

router = Router(tags=["journal"])


class Trade(Schema):
    """A round trip: from flat to flat. `net` is after fees and funding; `quantity` the most that was held."""

    id: int
    account: int
    symbol: str
    instrument: str
    side: Literal["long", "short"]
    status: Literal["open", "closed"]
    quantity: Exact
    open_quantity: Exact
    entry_price: Exact
    exit_price: Exact | None
    currency: str
    gross: Exact
    fees: Exact
    funding: Exact
    net: Exact
    return_pct: Exact | None
    fill_count: int
    scale_ins: int
    scale_outs: int
    strategy: str
    origin: str
    order_tag: str
    entered_at: str
    exited_at: str | None
    held_s: int | None
    tags: list[str]
    rating: int | None
    note: str


class Trades(Schema):
    """A page of trades."""

    items: list[Trade]
    next: str | None


class TradeFill(Schema):
    """A fill of the trade."""

    id: str
    order_id: str
    side: Literal["buy", "sell"]
    price: Exact
    quantity: Exact
    fee: Exact
    fee_currency: str
    liquidity: Literal["maker", "taker"]
    realized_pnl: Exact
    time: str


class Excursion(Schema):
    """Maximum adverse and favourable excursion; null where the bars of that time are not known."""

    mae: Exact | None
    mae_pct: Exact | None
    mfe: Exact | None
    mfe_pct: Exact | None


class ChartRange(Schema):
    """Which candles show the trade, for `/api/dashboard/charts/ohlcv/`."""

    symbol: str
    interval: str
    start: int
    end: int


class Screenshot(Schema):
    """A picture of the trade."""

    id: str
    title: str
    type: str
    size: int
    url: str


class WholeTrade(Trade):
    """A trade by itself."""

    excursion: Excursion
    chart: ChartRange
    fills: list[TradeFill]
    screenshots: list[Screenshot]


class NoteIn(Schema):
    """What to write over the note that is there; what is left out is empty then."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"note": "Entered late, held well.", "tags": ["breakout", "late"], "rating": 4}]
        },
    )

    note: Annotated[str, Field(max_length=notes.LONGEST_TEXT)] = ""
    tags: list[Annotated[str, Field(max_length=notes.LONGEST_TAG)]] = Field(
        default_factory=list, max_length=notes.MOST_TAGS
    )
    rating: Annotated[int | None, Field(ge=1, le=5, strict=True)] = None
    account: str | int | None = None


class Note(Schema):
    """What is written about a trade."""

    note: str
    tags: list[str]
    rating: int | None
    author: str
    updated_at: str | None


class Asked(Schema):
    """What is looked for. `start` and `end` are of the entry; `end` as a day includes it."""

    symbol: Annotated[str, Field(max_length=80)] = ""
    side: Literal["long", "short", ""] = ""
    status: Literal["open", "closed", ""] = ""
    outcome: Literal["win", "loss", "even", ""] = ""
    strategy: Annotated[str, Field(max_length=80)] = ""
    tag: Annotated[str, Field(max_length=80)] = ""
    rating: Literal["", "1", "2", "3", "4", "5"] = ""
    start: Annotated[str, Field(max_length=40)] = ""
    end: Annotated[str, Field(max_length=40)] = ""
    min_pnl: Annotated[str, Field(max_length=40)] = ""
    max_pnl: Annotated[str, Field(max_length=40)] = ""
    q: Annotated[str, Field(max_length=200)] = ""
    sort: Literal["entered", "exited", "net", "return", "held"] = "entered"
    order: Literal["falling", "rising"] = "falling"


@router.get("/", response={200: Trades}, summary="Trades, newest first")
def listing(
    request: HttpRequest,
    asked: Query[Asked],
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    account: str | None = None,
) -> HttpResponse:
    """Round trips. Every word of `q` begins one of the symbol's, the strategy's, a tag's or the note's."""
    access = chosen(request, account)
    question = Question.asked(asked.model_dump())
    page = trades.read(services_of(request), access.id, question, cursor=cursor, limit=limit)
    return records_page([encode(trades.brief(each)) for each in page.items], page.next)


@router.get("/{int:id}/", response={200: WholeTrade, 404: Problem}, summary="One trade")
def one(request: HttpRequest, id: int, account: str | None = None) -> HttpResponse:
    """With its fills, its excursion, its pictures, and the candles that show it."""
    access, services = chosen(request, account), services_of(request)
    return passed_on(encode(trades.whole(services, trades.find(services, access.id, id))))


@router.post("/{int:id}/note/", response={200: Note, 404: Problem, 422: Problem}, summary="Write a note")
def write(request: HttpRequest, id: int, wanted: NoteIn) -> HttpResponse:
    """Text, tags and rating of a trade, written over those that were there."""
    access = require_writer(request, wanted.account)
    trade = trades.find(services_of(request), access.id, id)
    kept = write_note(request, trade, notes.checked(wanted.note, wanted.tags, wanted.rating))
    return passed_on(encode(trades.written(kept)))


@router.post(
    "/{int:id}/screenshots/",
    response={201: Screenshot, 404: Problem, 409: Problem, 422: Problem},
    summary="Add a screenshot",
)
def add_screenshot(
    request: HttpRequest,
    id: int,
    file: File[UploadedFile],
    title: Annotated[str, Form(max_length=120)] = "",
    account: str | None = None,
) -> HttpResponse:
    """A PNG, JPEG or WebP of at most 2 MB; what it is, its bytes decide."""
    access = require_writer(request, account)
    trade = trades.find(services_of(request), access.id, id)
    if (file.size or 0) > images.LARGEST:
        raise UsageError(f"file: it has {(file.size or 0) / 1024 / 1024:.1f} MB. Use at most 2 MB.")
    person = person_of(request)
    image = images.keep(
        settings.DATA_DIR, trade.trip, file.read(), title, None if person is None else person.id
    )
    audited(request, "trade.screenshot", f"account {access.id} trade {id}", after={"added": image.name})
    return passed_on(encode(trades.picture(image)), status=201)


@router.get(
    "/{int:id}/screenshots/{name}/", response={200: Any, 404: Problem}, summary="A screenshot's bytes"
)
def screenshot(request: HttpRequest, id: int, name: str, account: str | None = None) -> Any:
    """The picture itself."""
    access = chosen(request, account)
    image = images.find(access.id, id, name)
    path = None if image is None else images.path_of(settings.DATA_DIR, image)
    if image is None or path is None or not path.is_file():
        raise Http404
    headers = images.HEADERS | {"Content-Disposition": f'inline; filename="trade-{id}.{image.kind}"'}
    return HttpResponse(path.read_bytes(), content_type=images.CONTENT_TYPES[image.kind], headers=headers)


@router.delete(
    "/{int:id}/screenshots/{name}/", response={204: None, 404: Problem}, summary="Remove a screenshot"
)
def remove_screenshot(request: HttpRequest, id: int, name: str, account: str | None = None) -> HttpResponse:
    """The picture, and its file."""
    access = require_writer(request, account)
    image = images.find(access.id, id, name)
    if image is None:
        raise Http404
    images.remove(settings.DATA_DIR, image)
    audited(request, "trade.screenshot", f"account {access.id} trade {id}", before={"removed": name})
    return HttpResponse(status=204)
