"""`/portfolio/export/<name>.csv`: what an account holds and what happened to it, exact and however much.

What it holds comes from the engine, as it is now; orders, fills and postings come from the ledger's records,
newest first, a page a piece. The columns are the fields of the REST answers by the same name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

from candlewick.core.clock import iso
from candlewick.runtime.accounts.shapes import order_json
from candlewick.store.journal.paging import Page
from candlewick.store.journal.reader import MOST_ROWS
from candlewick.web import desk
from candlewick.web.api.fills import fill_json
from candlewick.web.bridge import Bridge
from candlewick.web.download import Admit, Download, Receive, Send, as_csv, serve_download
from candlewick.web.live.access import Scope
from candlewick.web.people import accounts
from candlewick.web.people.accounts import AccountAccess
from candlewick.web.people.identity import Person
from candlewick.web.services import Services

Row = Mapping[str, Any]
Chunks = Iterator[list[Row]]

_exact: Final = msgspec.json.Decoder(float_hook=Decimal).decode


@dataclass(frozen=True, slots=True)
class Export:
    """One file that can be had: its columns, and where its rows come from."""

    name: str
    title: str
    columns: Sequence[str]
    rows: Callable[[Services, AccountAccess], Chunks]


async def serve_export(
    scope: Scope, receive: Receive, send: Send, services: Services, bridge: Bridge, admit: Admit
) -> None:
    """One file, from its request to its end."""
    export = EXPORTS[scope["path"]]
    query = dict(parse_qsl(scope["query_string"].decode("latin-1")))

    def begin(person: Person) -> Download:
        numbers = accounts.numbers_of(person)
        preferred = numbers[0] if numbers else None
        access = accounts.find(person, query.get("account") or None, preferred=preferred)
        lines = (
            [[row[name] for name in export.columns] for row in page] for page in export.rows(services, access)
        )
        name = f"candlewick-{export.name}.csv"
        return Download(name, "text/csv; charset=utf-8", as_csv(export.columns, lines))

    await serve_download(scope, receive, send, bridge, admit, begin)


def _positions(services: Services, access: AccountAccess) -> Chunks:
    yield _exact(desk.ask_engine(services.engine, access, "account.positions"))


def _balances(services: Services, access: AccountAccess) -> Chunks:
    yield _exact(desk.ask_engine(services.engine, access, "account.balances"))


def _orders(services: Services, access: AccountAccess) -> Chunks:
    def read(cursor: str | None) -> Page[Any]:
        return services.records.orders(access.id, cursor=cursor, limit=MOST_ROWS)

    for page in _pages(read):
        yield [order_json(order, primary=services.primary) for order in page]


def _fills(services: Services, access: AccountAccess) -> Chunks:
    def read(cursor: str | None) -> Page[Any]:
        return services.records.fills(access.id, cursor=cursor, limit=MOST_ROWS)

    for page in _pages(read):
        yield [fill_json(record, services.primary) for record in page]


def _postings(services: Services, access: AccountAccess) -> Chunks:
    def read(cursor: str | None) -> Page[Any]:
        return services.records.transactions(access.id, cursor=cursor, limit=MOST_ROWS)

    for page in _pages(read):
        yield [
            {
                "time": iso(transaction.ts),
                "kind": transaction.kind,
                "ref": transaction.ref,
                "book": posting.book,
                "currency": posting.currency,
                "amount": posting.amount,
            }
            for transaction in page
            for posting in transaction.postings
        ]


def _pages(read: Callable[[str | None], Page[Any]]) -> Iterator[list[Any]]:
    cursor: str | None = None
    while True:
        page = read(cursor)
        yield page.items
        cursor = page.next
        if cursor is None:
            return


_ALL: Final = (
    Export(
        "positions",
        "Positions",
        (
            "symbol", "instrument", "kind", "side", "quantity", "avg_price", "current_price", "notional",
            "unrealized_pnl", "unrealized_pct", "realized_pnl", "fees", "funding", "leverage", "margin_mode",
            "initial_margin", "maintenance_margin", "liquidation_price", "opened_at", "stop_loss",
            "take_profit",
        ),
        _positions,
    ),
    Export(
        "orders",
        "Orders",
        (
            "id", "symbol", "instrument", "side", "order_type", "quantity", "filled_quantity", "remaining",
            "price", "limit_price", "stop_price", "trail", "trail_percent", "time_in_force", "good_till",
            "post_only", "reduce_only", "status", "reason", "stop_loss", "take_profit", "parent", "leg",
            "oco", "origin", "tag", "created_at", "updated_at",
        ),
        _orders,
    ),
    Export(
        "fills",
        "Fills",
        (
            "id", "order_id", "symbol", "instrument", "side", "price", "quantity", "fee", "fee_currency",
            "liquidity", "liquidation", "realized_pnl", "time",
        ),
        _fills,
    ),
    Export("balances", "Balances", ("currency", "total", "free", "locked", "value"), _balances),
    Export("postings", "Postings", ("time", "kind", "ref", "book", "currency", "amount"), _postings),
)  # fmt: skip
EXPORTS: Final = {f"/portfolio/export/{each.name}.csv": each for each in _ALL}
