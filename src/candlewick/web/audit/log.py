"""The rows of the audit log that a person may see: an owner of the terminal all, others what they did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from candlewick.core.clock import iso
from candlewick.core.errors import UsageError
from candlewick.store.audit.reading import AuditLog, AuditRecord
from candlewick.store.journal.paging import Page
from candlewick.web.boot import settings_in_force
from candlewick.web.people.identity import Person
from candlewick.web.services import Services

ROWS: Final = 100
EXPORTED: Final = 100_000  # rows of one file at most
KINDS: Final[Mapping[str, str]] = {
    "": "Everything",
    "sign_in.": "Signing in and out",
    "password.": "Passwords",
    "two_factor.": "Two-factor sign-in",
    "token.": "API tokens",
    "key.": "Venue keys",
    "account.": "Accounts and shares",
    "user.": "People",
    "order.": "Orders",
    "position.": "Positions",
    "risk.": "Risk and kill switch",
}
_NS: Final = 1_000_000_000


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked for. `start` and `end` are days of UTC, both within."""

    who: str = ""
    kind: str = ""
    start: str = ""
    end: str = ""

    @classmethod
    def asked(cls, query: Mapping[str, str]) -> Question:
        """The question in an address; other parameters are not its affair."""
        return cls(**{name: query.get(name, "").strip()[:150] for name in cls.__struct_fields__})


def read(
    person: Person, services: Services, question: Question, *, cursor: str | None = None, limit: int = ROWS
) -> Page[AuditRecord]:
    """A page of rows, newest first.

    Raises:
        UsageError: a day is none, or the cursor is none of ours.
    """
    who = question.who or None
    if not person.may("admin"):
        who = person.name
    return AuditLog(settings_in_force().rows, services.ledger).read(
        actor=who,
        action=question.kind or None,
        start=_ns(question.start),
        end=_ns(question.end, days=1),
        cursor=cursor,
        limit=limit,
    )


def all_of(person: Person, services: Services, question: Question) -> Iterator[AuditRecord]:
    """Every row, newest first, as many as one file holds."""
    cursor, left = None, EXPORTED
    while left > 0:
        page = read(person, services, question, cursor=cursor, limit=min(1_000, left))
        yield from page.items
        left -= len(page.items)
        cursor = page.next
        if cursor is None:
            return


def cells(record: AuditRecord) -> dict[str, str]:
    """A row as texts."""
    return {
        "time": iso(record.ts),
        "who": record.actor,
        "what": record.action,
        "about": record.subject,
        "from": record.origin,
        "before": _shown(record.before),
        "after": _shown(record.after if record.before is not None else _given(record.after)),
        "row": f"{record.chain} {record.seq}",
    }


def _given(made: Any) -> Any:
    """What was said of something new; what was left open says nothing."""
    if not isinstance(made, dict):
        return made
    return {name: _given(value) for name, value in made.items() if value is not None and value != ""}


def _shown(value: Any) -> str:
    match value:
        case None:
            return ""
        case str():
            return value
        case list():
            return ", ".join(_shown(each) or "—" for each in value)
        case dict():
            return ", ".join(f"{name}: {_shown(each) or '—'}" for name, each in value.items())
        case _:
            return msgspec.json.encode(value).decode()


def _ns(day: str, *, days: int = 0) -> int | None:
    if not day:
        return None
    try:
        begins = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC) + timedelta(days=days)
    except (ValueError, OverflowError):
        raise UsageError(f"{day[:20]!r} is no day. Write it as 2026-01-31.") from None
    return int(begins.timestamp()) * _NS
