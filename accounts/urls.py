"""Addresses of the accounts app; ``api_urlpatterns`` stand under /api/v1/."""

from django.shortcuts import redirect
from django.urls import path

from accounts import (
    account_views,
    api,
    audit_api,
    audit_views,
    calls_api,
    invitation_views,
    key_api,
    key_pages,
    member_api,
    member_views,
    second_factor_views,
    sign_on_views,
    views,
)

api_urlpatterns = [
    path("auth/token", api.TokenView.as_view(), name="auth-token"),
    path("auth/token/refresh", api.TokenRefreshView.as_view(), name="auth-token-refresh"),
    path("auth/token/revoke", api.TokenRevokeView.as_view(), name="auth-token-revoke"),
    path("auth/me", api.MeView.as_view(), name="auth-me"),
    path("members", member_api.MemberListView.as_view(), name="members"),
    path("members/leave", member_api.LeaveView.as_view(), name="member-leave"),
    path("members/transfer", member_api.TransferView.as_view(), name="member-transfer"),
    path("members/<uuid:pk>", member_api.MemberDetailView.as_view(), name="member"),
    path("invitations", member_api.InvitationListView.as_view(), name="invitations"),
    path("invitations/<uuid:pk>", member_api.InvitationDetailView.as_view(), name="invitation"),
    path(
        "invitations/<uuid:pk>/resend",
        member_api.InvitationResendView.as_view(),
        name="invitation-resend",
    ),
    path("calls", calls_api.CallsView.as_view(), name="calls"),
    path("audit", audit_api.AuditView.as_view(), name="audit"),
    path("keys", key_api.KeyListView.as_view(), name="key-list"),
    path("keys/<uuid:pk>", key_api.KeyDetailView.as_view(), name="key"),
    path("keys/<uuid:pk>/rotate", key_api.KeyRotateView.as_view(), name="key-rotate"),
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
    path("organisation/members", member_views.MembersPage.as_view(), name="members-page"),
    path("organisation/members/leave", member_views.LeavePage.as_view(), name="leave-page"),
    path("organisation/members/<uuid:pk>", member_views.MemberPage.as_view(), name="member-page"),
    path(
        "organisation/members/<uuid:pk>/remove",
        member_views.MemberRemovePage.as_view(),
        name="member-remove-page",
    ),
    path(
        "organisation/members/<uuid:pk>/transfer",
        member_views.TransferPage.as_view(),
        name="transfer-page",
    ),
    path(
        "organisation/invitations/<uuid:pk>/resend",
        member_views.InvitationResendPage.as_view(),
        name="invitation-resend-page",
    ),
    path(
        "organisation/invitations/<uuid:pk>/revoke",
        member_views.InvitationRevokePage.as_view(),
        name="invitation-revoke-page",
    ),
    path(
        "invitations/<str:token>", invitation_views.InvitationPage.as_view(), name="invitation-page"
    ),
    path("organisation/audit", audit_views.AuditPage.as_view(), name="audit-page"),
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
