"""Addresses of the portfolio. `/portfolio/export/….csv` are answered before Django."""

from __future__ import annotations

from django.urls import path

from candlewick.web.portfolio import views

urlpatterns = [
    path("portfolio/", views.portfolio, name="portfolio"),
    path("portfolio/orders/", views.orders, name="portfolio_orders"),
    path("portfolio/holdings/", views.holdings, name="portfolio_holdings"),
    path("portfolio/cancel/", views.cancel, name="portfolio_cancel"),
]
