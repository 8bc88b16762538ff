"""Addresses of the pages of strategies."""

from __future__ import annotations

from django.urls import path

from candlewick.web.strategies import views

urlpatterns = [
    path("strategies/", views.strategies, name="strategies"),
    path("strategies/working/", views.working, name="strategies_working"),
    path("strategies/library/<str:name>/", views.strategy, name="strategy"),
    path("strategies/library/<str:name>/start/", views.start, name="strategy_start"),
    path("strategies/<slug:id>/", views.one, name="strategy_at_work"),
    path("strategies/<slug:id>/part/", views.part, name="strategy_part"),
    path("strategies/<slug:id>/drift/", views.drift, name="strategy_drift"),
    path("strategies/<slug:id>/act/", views.act, name="strategy_act"),
]
