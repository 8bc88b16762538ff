"""What people did at the edge, written into the audit log: who, what, from where, before and after."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest

from candlewick.store.audit.recording import record
from candlewick.web.people import preferences
from candlewick.web.people.identity import person_of
from candlewick.web.people.preferences import Preferences


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
    record(actor, action, subject, origin=origin_of(request), before=before, after=after)


def keep_preferences(request: HttpRequest, user_id: int, chosen: Preferences) -> None:
    """Store how somebody likes their terminal, and note what changed."""
    before, after = preferences.of(user_id).model_dump(), chosen.model_dump()
    changed = [name for name in after if after[name] != before[name]]
    if not changed:
        return
    with transaction.atomic():
        preferences.keep(user_id, chosen)
        note(
            request,
            "user.preferences",
            "preferences",
            before={name: before[name] for name in changed},
            after={name: after[name] for name in changed},
        )


def origin_of(request: HttpRequest | None) -> str:
    """The address that a request came from; empty if it came from no other machine."""
    if request is None:
        return ""
    try:
        return str(get_adapter().get_client_ip(request))
    except PermissionDenied:
        return ""
