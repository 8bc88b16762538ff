"""The page for while nobody knows what there is to show."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def engine_away(request: HttpRequest) -> HttpResponse:
    """The engine was never seen, or no venue has told it yet what it lists. The page tries again."""
    answer = render(request, "503.html", status=503)
    answer["Retry-After"] = answer["Refresh"] = "1"
    return answer
