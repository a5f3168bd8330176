"""Addresses of the accounts app; ``api_urlpatterns`` stand under /api/v1/."""

from django.urls import path

from accounts import api, key_api, key_pages, organisation_views, views

api_urlpatterns = [
    path("auth/token", api.TokenView.as_view(), name="auth-token"),
    path("auth/token/refresh", api.TokenRefreshView.as_view(), name="auth-token-refresh"),
    path("auth/token/revoke", api.TokenRevokeView.as_view(), name="auth-token-revoke"),
    path("auth/me", api.MeView.as_view(), name="auth-me"),
    path("keys", key_api.KeyListView.as_view(), name="key-list"),
    path("keys/<uuid:pk>", key_api.KeyDetailView.as_view(), name="key"),
    path("keys/<uuid:pk>/rotate", key_api.KeyRotateView.as_view(), name="key-rotate"),
]

urlpatterns = [
    path("login", views.LoginView.as_view(), name="login"),
    path("logout", views.LogoutView.as_view(), name="logout"),
    path("switch-tenant", views.SwitchTenantView.as_view(), name="switch-tenant"),
    path("organisation", organisation_views.SettingsPage.as_view(), name="organisation-page"),
    path("organisation/keys", key_pages.KeysPage.as_view(), name="keys-page"),
    path("organisation/keys/new", key_pages.NewKeyPage.as_view(), name="key-new-page"),
    path("organisation/keys/<uuid:pk>", key_pages.KeyPage.as_view(), name="key-page"),
    path(
        "organisation/keys/<uuid:pk>/rotate",
        key_pages.RotateKeyPage.as_view(),
        name="key-rotate-page",
    ),
    path(
        "organisation/keys/<uuid:pk>/end-rotation",
        key_pages.EndRotationPage.as_view(),
        name="key-end-rotation-page",
    ),
    path(
        "organisation/keys/<uuid:pk>/revoke",
        key_pages.RevokeKeyPage.as_view(),
        name="key-revoke-page",
    ),
]
