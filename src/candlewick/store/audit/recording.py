"""Writes the audit rows of the web. Needs Django."""

from __future__ import annotations

import time
from typing import Final

import msgspec
from django.conf import settings
from django.db import transaction

from candlewick.store import chain
from candlewick.store.models import AuditEvent, AuditHead

_ONE: Final = 1
_canonical: Final = msgspec.json.Encoder(order="sorted", decimal_format="string").encode


def record(
    actor: str,
    action: str,
    subject: str,
    *,
    origin: str = "",
    before: object = None,
    after: object = None,
) -> None:
    """Note an act, in the transaction that it is part of.

    Args:
        actor: who: a person's name, or a program's token.
        action: what, as `key.add` or `user.role`.
        subject: to whom or what.
        origin: the address that it came from.
        before, after: anything that JSON can say, and no secret; None: there was nothing.
    """
    with transaction.atomic():
        # Whoever comes next waits for the head: of two at once neither follows the same row.
        AuditHead.objects.get_or_create(pk=_ONE, defaults={"mac": _seal(0, chain.GENESIS)})
        head = AuditHead.objects.select_for_update().get(pk=_ONE)
        cells = (
            head.seq + 1, time.time_ns(), actor, action, subject, origin,
            _canonical(before).decode(), _canonical(after).decode(),
        )  # fmt: skip
        made = chain.link(bytes(head.hash), *cells)
        names = ("seq", "ts", "actor", "action", "subject", "origin", "before", "after")
        AuditEvent.objects.create(**dict(zip(names, cells, strict=True)), hash=made)
        # whoever altered the chain has no key: the next row must not seal what they left
        vouched = chain.is_sealed(
            [settings.AUDIT_KEY], chain.PEOPLE, head.seq, bytes(head.hash), bytes(head.mac)
        )
        head.seq, head.hash = head.seq + 1, made
        head.mac = _seal(head.seq, made) if vouched else chain.BROKEN
        head.save()


def _seal(count: int, head: bytes) -> bytes:
    """What proves that the chain ended in `head` after `count` rows."""
    key: bytes = settings.AUDIT_KEY
    return chain.seal(key, chain.PEOPLE, count, head)
