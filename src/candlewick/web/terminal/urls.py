"""Address of the terminal."""

from __future__ import annotations

from django.urls import path

from candlewick.web.terminal import views

urlpatterns = [path("terminal/", views.terminal, name="terminal")]
