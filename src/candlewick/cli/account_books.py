"""The book of an account for one command: on disk while no engine runs, else through the engine."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from candlewick.cli.running import engine_of
from candlewick.core.errors import EngineAway, StoreLocked, UnknownAccount, UsageError
from candlewick.runtime.settings import Settings

if TYPE_CHECKING:
    from candlewick.runtime.accounts.offline import Offline
    from candlewick.store.models import Account

Asked = tuple[str, dict[str, Any]]
ANSWERS_WITHIN_S: Final = 10.0  # one that has just begun, or is busy


def statement(settings: Settings, row: Account, marks: dict[str, float]) -> bytes:
    """What an account's book says, as one JSON document; `marks` by symbol value what it holds.

    Raises:
        CandlewickError: it cannot be read; the sentence says why.
    """
    from candlewick.runtime.accounts.shapes import encode

    try:
        with offline(settings, row) as desk:
            return encode(desk.statement(row.pk, marks))
    except StoreLocked:
        if marks:
            raise UsageError("An engine runs and knows the prices: leave --mark out, or stop it.") from None
        return asyncio.run(ask(settings, row, [("account.statement", {})]))


@contextmanager
def offline(settings: Settings, row: Account) -> Iterator[Offline]:
    """The accounts on disk, with this one among them."""
    from candlewick.runtime.accounts.offline import Offline
    from candlewick.trading.commands import OpenAccount

    with Offline(settings) as desk:
        if row.pk not in desk.engine.desk.accounts:
            begun = opening(row) | {"cash": row.starting_cash, "ts": desk.now_ns()}
            desk.do(OpenAccount(**begun))
        yield desk


async def ask(
    settings: Settings, row: Account, requests: Sequence[Asked], *, since: int | None = None
) -> bytes:
    """Have a running engine answer requests about an account, one after another; the last answer.

    An account that it does not know begins with them, as of `since` if that is given (UTC ns).
    """
    try:
        async with engine_of(settings, within_s=ANSWERS_WITHIN_S) as link:
            try:
                await link.request("account.portfolio", account=row.pk)
            except UnknownAccount:
                await link.request("account.open", **opening(row), since=since)
            answer = b""
            for verb, arguments in requests:
                answer = await link.request(verb, timeout_s=60, account=row.pk, **arguments)
            return answer
    except EngineAway:
        raise EngineAway(
            "The accounts are in use by an engine, which does not answer: try again when it does, or end it."
        ) from None


def opening(row: Account) -> dict[str, Any]:
    """What an account begins with."""
    return {
        "account": row.pk,
        "name": row.name,
        "kind": row.kind,
        "currency": row.currency,
        "cash": str(row.starting_cash),
        "venue": row.venue or None,
        "actor": row.user.username,
    }
