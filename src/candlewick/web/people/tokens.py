"""Access and refresh tokens for programs, and tickets that open one live connection.

Tokens are signed with the server's key and carry their end and the person's fingerprint, so that a new
password makes every older one worthless. A ticket is a random word kept in the cache until it is spent.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from dataclasses import asdict, dataclass
from typing import Final

from django.core import signing
from django.core.cache import cache

from candlewick.store.models import User

ACCESS: Final = "candlewick.access"
REFRESH: Final = "candlewick.refresh"
LIFETIME_S: Final = {ACCESS: 15 * 60, REFRESH: 14 * 86_400}
TICKET_S: Final = 30


@dataclass(frozen=True, slots=True)
class Claim:
    """What a token or ticket says: whose it is, and on what it rests."""

    user: int
    fingerprint: str
    expires_at: float | None
    session: str | None = None


def fingerprint(user: User) -> str:
    """A short word that changes when the person's password does."""
    return user.get_session_auth_hash()[:24]


def issue(user: User, kind: str) -> str:
    """A token of `kind` for `user`."""
    claim = Claim(user.pk, fingerprint(user), int(time.time()) + LIFETIME_S[kind])
    return signing.dumps(asdict(claim), salt=kind)


def read(token: str, kind: str) -> Claim | None:
    """What `token` says, if it is ours, of this kind and in time."""
    try:
        claim = Claim(**signing.loads(token, salt=kind, max_age=LIFETIME_S[kind]))
    except (signing.BadSignature, TypeError):
        return None
    return claim if claim.expires_at is not None and claim.expires_at > time.time() else None


def issue_ticket(claim: Claim) -> str:
    """A ticket that stands for `claim` once, within half a minute."""
    ticket = secrets.token_urlsafe(24)
    cache.set(_key(ticket), asdict(claim), TICKET_S)
    return ticket


def spend_ticket(ticket: str) -> Claim | None:
    """What `ticket` stands for, and it is spent. None if it is unknown, old or spent."""
    kept = cache.get(_key(ticket))
    # Of two who bring the same ticket at once, one deletes it.
    if kept is None or not cache.delete(_key(ticket)):
        return None
    return Claim(**kept)


def _key(ticket: str) -> str:
    return "ticket:" + hashlib.sha256(ticket.encode()).hexdigest()
