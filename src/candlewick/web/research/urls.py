"""Addresses of the pages of studies."""

from __future__ import annotations

from django.urls import path

from candlewick.web.research import views

urlpatterns = [
    path("research/", views.research, name="research"),
    path("research/new/", views.new, name="research_new"),
    path("research/new/parameters/", views.fields, name="research_parameters"),
    path("research/compare/", views.compare, name="research_compare"),
    path("research/<slug:id>/", views.study, name="study"),
    path("research/<slug:id>/part/", views.part, name="study_part"),
    path("research/<slug:id>/act/", views.act, name="study_act"),
    path("research/<slug:id>/note/", views.note, name="study_note"),
    path("research/<slug:id>/tearsheet.html", views.tear_sheet, name="study_tear_sheet"),
]
