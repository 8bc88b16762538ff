"""API tokens: made by a person for a program, shown once, revoked at once.

A token is `cw_` and 43 letters, 256 random bits; the database keeps its SHA-256, which needs no salt for
what nobody can guess. Its scopes bound what the bearer may do, and it may be bound to one account.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.utils import timezone

from candlewick.store.models import Account, ApiToken, User
from candlewick.web.people import rows, scopes
from candlewick.web.people.rows import TokenRow

MARK: Final = "cw_"
_SHOWN: Final = 9  # letters kept in the clear, the mark included
_NOTED_EVERY_S: Final = 60.0  # not a write for each request


def issue(
    user: User,
    name: str,
    granted: Iterable[str],
    *,
    account: Account | None = None,
    expires_at: datetime | None = None,
) -> tuple[ApiToken, str]:
    """A new token's row, and the token itself, which nobody can see again."""
    token = MARK + secrets.token_urlsafe(32)
    row = ApiToken.objects.create(
        user=user,
        name=name,
        digest=_digest(token),
        prefix=token[:_SHOWN],
        scopes=sorted(scopes.known(granted)),
        account=account,
        expires_at=expires_at,
    )
    return row, token


def find(token: str) -> TokenRow | None:
    """The row of a token that was shown to us, its use noted; None if there is none."""
    row = rows.token(digest=_digest(token))
    if row is not None and (row.last_used_at is None or time.time() - row.last_used_at > _NOTED_EVERY_S):
        ApiToken.objects.filter(pk=row.id).update(last_used_at=timezone.now())
    return row


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
