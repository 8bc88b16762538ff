"""Addresses of signing in and of the settings. Names that start with `account_` and `mfa_` are allauth's."""

from __future__ import annotations

from allauth.account import views as allauth_views
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as totp
from django.urls import path

from candlewick.web.people import account_pages, key_pages, people_pages, token_pages, views

urlpatterns = [
    path("login/<str:token>/", views.login_link, name="login_link"),
    path("accounts/login/", allauth_views.login, name="account_login"),
    path("accounts/logout/", allauth_views.logout, name="account_logout"),
    path("accounts/inactive/", allauth_views.account_inactive, name="account_inactive"),
    path("accounts/reauthenticate/", allauth_views.reauthenticate, name="account_reauthenticate"),
    path("accounts/password/change/", views.ChangePassword.as_view(), name="account_change_password"),
    path("accounts/password/set/", views.SetPassword.as_view(), name="account_set_password"),
    path("accounts/2fa/", mfa.index, name="mfa_index"),
    path("accounts/2fa/authenticate/", mfa.authenticate, name="mfa_authenticate"),
    path("accounts/2fa/reauthenticate/", mfa.reauthenticate, name="mfa_reauthenticate"),
    path("accounts/2fa/totp/activate/", totp.activate_totp, name="mfa_activate_totp"),
    path("accounts/2fa/totp/deactivate/", totp.deactivate_totp, name="mfa_deactivate_totp"),
    path("accounts/2fa/recovery-codes/", recovery.view_recovery_codes, name="mfa_view_recovery_codes"),
    path(
        "accounts/2fa/recovery-codes/generate/",
        recovery.generate_recovery_codes,
        name="mfa_generate_recovery_codes",
    ),
    path("settings/", views.settings, name="settings"),
    path("settings/sessions/end/", views.sign_out_elsewhere, name="sign_out_elsewhere"),
    path("settings/accounts/", account_pages.listing, name="settings_accounts"),
    path("settings/accounts/open/", account_pages.open_account, name="open_account"),
    path("settings/accounts/choose/", account_pages.choose, name="choose_account"),
    path("settings/accounts/<int:number>/rename/", account_pages.rename, name="rename_account"),
    path("settings/accounts/<int:number>/archive/", account_pages.archive, name="archive_account"),
    path("settings/accounts/<int:number>/share/", account_pages.share, name="share_account"),
    path(
        "settings/accounts/<int:number>/share/<int:member>/end/",
        account_pages.unshare,
        name="unshare_account",
    ),
    path("settings/people/", people_pages.people, name="settings_people"),
    path("settings/people/<int:number>/role/", people_pages.change_role, name="change_role"),
    path("settings/people/<int:number>/close/", people_pages.close_or_open, name="close_person"),
    path("settings/people/<int:number>/reset/", people_pages.reset, name="reset_person"),
    path("settings/tokens/", token_pages.tokens, name="settings_tokens"),
    path("settings/keys/", key_pages.keys, name="settings_keys"),
    path("settings/keys/<str:number>/remove/", key_pages.remove, name="remove_key"),
    path("settings/tokens/<int:number>/revoke/", token_pages.revoke, name="revoke_token"),
]
