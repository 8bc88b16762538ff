"""Addresses of the risk page."""

from __future__ import annotations

from django.urls import path

from candlewick.web.risk import views

urlpatterns = [
    path("risk/", views.risk, name="risk"),
    path("risk/tail/", views.tail, name="risk_tail"),
    path("risk/limits/", views.set_limits, name="risk_limits"),
]
