"""Addresses of the accounts app; ``api_urlpatterns`` stand under /api/v1/."""

from django.shortcuts import redirect
from django.urls import path

from accounts import (
    account_views,
    api,
    organisation_views,
    second_factor_views,
    sign_on_views,
    views,
)

api_urlpatterns = [
    path("auth/token", api.TokenView.as_view(), name="auth-token"),
    path("auth/token/refresh", api.TokenRefreshView.as_view(), name="auth-token-refresh"),
    path("auth/token/revoke", api.TokenRevokeView.as_view(), name="auth-token-revoke"),
    path("auth/me", api.MeView.as_view(), name="auth-me"),
]

urlpatterns = [
    path("login", views.LoginView.as_view(), name="login"),
    path("login", views.LoginView.as_view(), name="account_login"),  # as allauth calls it
    path("login/code", views.CodeView.as_view(), name="mfa_authenticate"),
    path("login/sso", sign_on_views.SingleSignOnView.as_view(), name="single-sign-on"),
    path(
        "login/sso/callback",
        sign_on_views.SingleSignOnCallbackView.as_view(),
        name="single-sign-on-callback",
    ),
    path("admin/login/", views.AdminLoginView.as_view()),  # before the admin's own
    path("password-reset", views.PasswordResetView.as_view(), name="password-reset"),
    path(
        "password-reset/<uidb64>/<token>",
        views.PasswordResetLinkView.as_view(),
        name="password-reset-link",
    ),
    path("account", lambda request: redirect("account-password"), name="account"),
    path("account/password", account_views.PasswordPage.as_view(), name="account-password"),
    path(
        "account/second-factor",
        second_factor_views.SecondFactorPage.as_view(),
        name="account-second-factor",
    ),
    path("account/sessions", account_views.SessionsPage.as_view(), name="account-sessions"),
    path(
        "account/sessions/end-others",
        account_views.EndOtherSessionsView.as_view(),
        name="account-sessions-end-others",
    ),
    path(
        "account/sessions/<uuid:pk>/end",
        account_views.EndSessionView.as_view(),
        name="account-session-end",
    ),
    path("admin/password_change/", lambda request: redirect("account-password")),
    path("logout", views.LogoutView.as_view(), name="logout"),
    path("switch-tenant", views.SwitchTenantView.as_view(), name="switch-tenant"),
    path("organisation", organisation_views.SettingsPage.as_view(), name="organisation-page"),
]
