"""Registers the sign-in pages with Django."""

from __future__ import annotations

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """Templates of the sign-in pages; no rows."""

    name = "candlewick.web.people"
    label = "people"

    def ready(self) -> None:
        from candlewick.web.people import signals

        assert signals.end_live_connections
