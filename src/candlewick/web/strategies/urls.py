"""Addresses of the pages of strategies."""

from __future__ import annotations

from django.urls import path

from candlewick.web.strategies import views

urlpatterns = [
    path("strategies/", views.strategies, name="strategies"),
    path("strategies/library/<str:name>/", views.strategy, name="strategy"),
]
