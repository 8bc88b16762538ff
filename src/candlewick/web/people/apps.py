"""Registers the sign-in pages with Django."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """Templates of the sign-in pages; no rows."""

    name = "candlewick.web.people"
    label = "people"

    def ready(self) -> None:
        import_module("candlewick.web.people.signals")
