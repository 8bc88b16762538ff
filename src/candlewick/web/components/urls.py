"""Addresses of the components. Importing this module registers every one of ours."""

from __future__ import annotations

from django.urls import path

from candlewick.web.components import (  # noqa: F401  # importing the components registers them
    order,
    portfolio,
    risk_metrics,
    views,
    watchlist,
)

urlpatterns = [path("components/<slug:name>/", views.component, name="component")]
