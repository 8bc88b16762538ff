"""Addresses of the performance page."""

from __future__ import annotations

from django.urls import path

from candlewick.web.performance import views

urlpatterns = [
    path("performance/", views.performance, name="performance"),
    path("performance/market/", views.market, name="performance_market"),
]
