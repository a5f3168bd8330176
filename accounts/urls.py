"""Addresses of the accounts app; ``api_urlpatterns`` stand under /api/v1/."""

from django.urls import path

from accounts import api, audit_api, audit_views, organisation_views, views

api_urlpatterns = [
    path("auth/token", api.TokenView.as_view(), name="auth-token"),
    path("auth/token/refresh", api.TokenRefreshView.as_view(), name="auth-token-refresh"),
    path("auth/token/revoke", api.TokenRevokeView.as_view(), name="auth-token-revoke"),
    path("auth/me", api.MeView.as_view(), name="auth-me"),
    path("audit", audit_api.AuditView.as_view(), name="audit"),
]

urlpatterns = [
    path("login", views.LoginView.as_view(), name="login"),
    path("logout", views.LogoutView.as_view(), name="logout"),
    path("switch-tenant", views.SwitchTenantView.as_view(), name="switch-tenant"),
    path("organisation", organisation_views.SettingsPage.as_view(), name="organisation-page"),
    path("organisation/audit", audit_views.AuditPage.as_view(), name="audit-page"),
]
