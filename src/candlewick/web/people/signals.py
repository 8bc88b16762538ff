"""Signing out ends a person's live connections at once, not at the next look."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.signals import user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest

from candlewick.web.services import ENVIRON_KEY, Services


@receiver(user_logged_out)
def end_live_connections(sender: Any, request: HttpRequest | None, **kwargs: Any) -> None:
    """Close what was opened with the session that ends."""
    if request is None or (key := request.session.session_key) is None:
        return
    services: Services | None = request.META.get(ENVIRON_KEY)
    if services is not None:
        services.end_sessions([key])
