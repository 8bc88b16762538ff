"""Addresses of the dashboard."""

from __future__ import annotations

from django.urls import path

from candlewick.web.dashboard import views

urlpatterns = [
    path("", views.dashboard, name="dashboard"),
    path("dashboard/trades/", views.trades, name="dashboard_trades"),
]
