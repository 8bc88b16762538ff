"""Every address that Django answers. `/ws/`, `/stream/` and `/healthz` are answered before it."""

from __future__ import annotations

from django.urls import include, path

from candlewick.web import health
from candlewick.web.api.root import api

urlpatterns = [
    path("api/", api.urls),  # first: a program's requests are many, and each is compared with all before it
    path("", include("candlewick.web.dashboard.urls")),
    path("", include("candlewick.web.people.urls")),
    path("", include("candlewick.web.audit.urls")),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("", include("candlewick.web.terminal.urls")),
    path("", include("candlewick.web.charts.urls")),
    path("", include("candlewick.web.portfolio.urls")),
    path("", include("candlewick.web.performance.urls")),
    path("", include("candlewick.web.journal.urls")),
    path("", include("candlewick.web.risk.urls")),
    path("", include("candlewick.web.research.urls")),
    path("", include("candlewick.web.strategies.urls")),
    path("", include("candlewick.web.components.urls")),
]
