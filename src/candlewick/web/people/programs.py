"""Programs that signed in with a name and password: their sessions, whose refresh tokens rotate.

Each refresh token works once and brings the next (RFC 9700, 4.14). One that comes a second time was
copied: then the session ends, for the thief and for the program, which signs in again.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Final

from django.utils import timezone
from django.utils.crypto import constant_time_compare

from candlewick.store.models import ProgramSession, User
from candlewick.web.people import tokens

_AT_MOST: Final = 20  # sessions of one person; the oldest make room


def begin(user: User, *, agent: str = "", origin_ip: str | None = None) -> tuple[str, str]:
    """Sign a program in; its access token and its refresh token."""
    id = _fresh_id()
    program = ProgramSession.objects.create(
        user=user,
        current=_digest(id),
        agent=agent[:200],
        origin_ip=origin_ip,
        expires_at=timezone.now() + timedelta(seconds=tokens.LIFETIME_S[tokens.REFRESH]),
    )
    user.program_sessions.filter(expires_at__lte=timezone.now()).delete()
    kept = user.program_sessions.order_by("-id").values_list("id", flat=True)[:_AT_MOST]
    user.program_sessions.exclude(pk__in=list(kept)).delete()
    return _tokens(user, program.pk, id)


def go_on(refresh: str) -> tuple[str, str] | None:
    """The next two tokens for a refresh token; None if it is none of ours, old, or was used before."""
    claim = tokens.read(refresh, tokens.REFRESH)
    if claim is None or claim.program is None:
        return None
    program = ProgramSession.objects.filter(pk=claim.program).select_related("user").first()
    if program is None or program.user_id != claim.user or not program.user.is_active:
        return None
    if not constant_time_compare(tokens.fingerprint(program.user), claim.fingerprint):
        return None
    now, id = timezone.now(), _fresh_id()
    # One conditional UPDATE decides: of two who bring the same token at once, one finds it current.
    renewed = ProgramSession.objects.filter(pk=program.pk, current=_digest(claim.id)).update(
        current=_digest(id),
        last_used_at=now,
        expires_at=now + timedelta(seconds=tokens.LIFETIME_S[tokens.REFRESH]),
    )
    if not renewed:
        program.delete()
        return None
    return _tokens(program.user, program.pk, id)


def _tokens(user: User, program: int, id: str) -> tuple[str, str]:
    access = tokens.issue(user, tokens.ACCESS, program=program)
    return access, tokens.issue(user, tokens.REFRESH, program=program, id=id)


def _fresh_id() -> str:
    return secrets.token_urlsafe(16)


def _digest(id: str) -> str:
    return hashlib.sha256(id.encode()).hexdigest()
