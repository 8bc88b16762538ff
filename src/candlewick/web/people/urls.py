"""Addresses of the sign-in pages. Names that start with `account_` are the ones allauth looks up."""

from __future__ import annotations

from allauth.account import views as allauth_views
from django.urls import path

from candlewick.web.people import views

urlpatterns = [
    path("login/<str:token>/", views.login_link, name="login_link"),
    path("settings/", views.settings, name="settings"),
    path("accounts/login/", allauth_views.login, name="account_login"),
    path("accounts/logout/", allauth_views.logout, name="account_logout"),
    path("accounts/inactive/", allauth_views.account_inactive, name="account_inactive"),
    path("accounts/reauthenticate/", allauth_views.reauthenticate, name="account_reauthenticate"),
    path("accounts/password/change/", views.ChangePassword.as_view(), name="account_change_password"),
    path("accounts/password/set/", views.SetPassword.as_view(), name="account_set_password"),
]
