"""Addresses of the journal. `/trades/export.csv` and `.parquet` are answered before Django."""

from __future__ import annotations

from django.urls import path

from candlewick.web.journal import views

urlpatterns = [
    path("trades/", views.journal, name="trades"),
    path("trades/rows/", views.rows, name="trade_rows"),
    path("trades/<int:id>/", views.trade, name="trade"),
    path("trades/<int:id>/note/", views.note, name="trade_note"),
    path("trades/<int:id>/screenshots/", views.screenshots, name="trade_screenshots"),
]
