"""Registers the rows with Django."""

from __future__ import annotations

from django.apps import AppConfig


class StoreConfig(AppConfig):
    """The Django side of the store room."""

    name = "candlewick.store"
    label = "store"
    default_auto_field = "django.db.models.BigAutoField"
