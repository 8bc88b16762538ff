"""The desk as bytes: where recovery begins, instead of at the first entry ever written."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

import msgspec

from candlewick.core.account import AccountKind, TradingState
from candlewick.core.errors import StoreError
from candlewick.core.instrument import Instrument
from candlewick.core.order import Order
from candlewick.ledger.book import Book, BookState
from candlewick.ledger.fill_order import FillOrder
from candlewick.trading.account import AccountState, Keyed
from candlewick.trading.entries import AccountOpened
from candlewick.trading.risk.limits import Limits
from candlewick.trading.settings import AccountSettings

FORMAT: Final = 2


class AccountImage(msgspec.Struct, frozen=True, kw_only=True):
    """One account in a snapshot; the fields are those of `AccountState`."""

    number: int
    name: str
    kind: AccountKind
    currency: str
    venue: str | None
    settings: AccountSettings
    limits: Limits
    state: TradingState
    reason: str
    cause: str
    kill: bool
    flatten: bool
    book: BookState
    orders: list[Order]
    recent: list[Order]
    keys: list[tuple[str, str, str]]
    known_fills: dict[str, list[str]]
    known_funding: dict[str, list[str]]
    fill_orders: dict[str, FillOrder]
    known_transfers: list[str]
    order_times: list[int]
    day: int
    day_equity: Decimal | None
    peak_equity: Decimal | None


class DeskImage(msgspec.Struct, frozen=True, kw_only=True):
    """The whole desk."""

    format: int
    instruments: list[Instrument]
    accounts: list[AccountImage]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(DeskImage).decode


def write(instruments: Iterable[Instrument], accounts: Iterable[AccountState]) -> bytes:
    """A snapshot; equal desks give equal bytes."""
    return _encode(
        DeskImage(
            format=FORMAT,
            instruments=list(instruments),
            accounts=[_image(account) for account in accounts],
        )
    )


def read(data: bytes) -> tuple[dict[str, Instrument], dict[int, AccountState]]:
    """The instruments and accounts that `write` was given.

    Raises:
        StoreError: it was written by another version, or is damaged.
    """
    try:
        image = _decode(data)
    except msgspec.MsgspecError as error:
        raise StoreError(
            f"The snapshot of the accounts cannot be read ({error}). Read the whole journal."
        ) from error
    if image.format != FORMAT:
        raise StoreError(
            f"The snapshot has format {image.format}, this version reads {FORMAT}. Read the journal."
        )
    instruments = {instrument.id: instrument for instrument in image.instruments}
    return instruments, {each.number: _account(each) for each in image.accounts}


def _image(account: AccountState) -> AccountImage:
    return AccountImage(
        number=account.number,
        name=account.name,
        kind=account.kind,
        currency=account.currency,
        venue=account.venue,
        settings=account.settings,
        limits=account.limits,
        state=account.state,
        reason=account.reason,
        cause=account.cause,
        kill=account.kill,
        flatten=account.flatten,
        book=account.book.snapshot(),
        orders=list(account.orders.values()),
        recent=list(account.recent.values()),
        keys=[(key, *keyed) for key, keyed in account.keys.items()],
        known_fills={id: list(ids) for id, ids in account.known_fills.items()},
        known_funding={id: list(ids) for id, ids in account.known_funding.items()},
        fill_orders=account.fill_orders,
        known_transfers=list(account.known_transfers),
        order_times=list(account.order_times),
        day=account.day,
        day_equity=account.day_equity,
        peak_equity=account.peak_equity,
    )


def _account(image: AccountImage) -> AccountState:
    account = AccountState(
        AccountOpened(
            account=image.number,
            name=image.name,
            kind=image.kind,
            currency=image.currency,
            venue=image.venue,
            settings=image.settings,
            limits=image.limits,
            actor="",
            ts=0,
        )
    )
    account.state, account.reason, account.cause = image.state, image.reason, image.cause
    account.kill, account.flatten = image.kill, image.flatten
    account.book = Book.restore(image.book)
    account.orders = {order.id: order for order in image.orders}
    account.recent = {order.id: order for order in image.recent}
    account.keys = {key: Keyed(order_id, digest) for key, order_id, digest in image.keys}
    account.known_fills = {id: dict.fromkeys(ids) for id, ids in image.known_fills.items()}
    account.known_funding = {id: dict.fromkeys(ids) for id, ids in image.known_funding.items()}
    account.fill_orders = image.fill_orders
    account.known_transfers = dict.fromkeys(image.known_transfers)
    account.order_times = deque(image.order_times)
    account.day, account.day_equity, account.peak_equity = image.day, image.day_equity, image.peak_equity
    return account
