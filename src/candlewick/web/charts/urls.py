"""Address of the page of charts."""

from __future__ import annotations

from django.urls import path

from candlewick.web.charts import views

urlpatterns = [path("charts/", views.charts, name="charts")]
