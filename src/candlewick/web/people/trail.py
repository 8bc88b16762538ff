"""What people did at the edge, written into the audit log: who, what, from where, before and after."""

from __future__ import annotations

import logging
from typing import Any

from allauth.account.adapter import get_adapter
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from candlewick.web.people.identity import person_of

log = logging.getLogger(__name__)


def note(
    request: HttpRequest | None,
    action: str,
    subject: str,
    *,
    actor: str | None = None,
    before: Any = None,
    after: Any = None,
) -> None:
    """Record what was done. `actor` is given where nobody is signed in yet, or any more."""
    if actor is None:
        person = person_of(request) if request is not None else None
        actor = person.name if person is not None else ""
    log.info("%s by %s from %s: %s, %s -> %s", action, actor, origin_of(request), subject, before, after)


def origin_of(request: HttpRequest | None) -> str | None:
    """The address that a request came from; None if it came from no other machine."""
    if request is None:
        return None
    try:
        return str(get_adapter().get_client_ip(request))
    except PermissionDenied:
        return None
