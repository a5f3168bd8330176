"""The operators' view of sign-ins, without what would let them act as somebody."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django.contrib import admin

from accounts.audited_admin import AuditedAdmin, ReadOnlyAdmin
from accounts.models import Session, TokenFamily

# allauth's own pages show secrets and change them without a word in the audit log; its tables of
# addresses, apps and tokens stay empty here.
for model in (EmailAddress, Authenticator, SocialAccount, SocialApp, SocialToken):
    admin.site.unregister(model)


@admin.register(Session)
class SessionAdmin(ReadOnlyAdmin):
    """Where people are signed in by a browser."""

    fields = ("public_id", "user", "address", "user_agent", "signed_in_at", "last_seen_at")
    readonly_fields = fields
    list_display = ("public_id", "user", "address", "signed_in_at", "last_seen_at")
    list_display_links = None  # the address of a row's page would be the session's key
    list_select_related = ("user",)
    search_fields = ("user__email", "address")


@admin.register(TokenFamily)
class TokenFamilyAdmin(ReadOnlyAdmin):
    """Where people are signed in for the API."""

    exclude = ("session_key",)
    list_display = ("user", "tenant", "address", "signed_in_at", "last_seen_at", "ended_at")
    list_select_related = ("user", "tenant")
    search_fields = ("user__email", "tenant__name", "tenant__slug", "address")


@admin.register(SocialAccount)
class SocialAccountAdmin(AuditedAdmin):
    """Who signs in by which subject of an identity provider; deleting a row unlinks them."""

    fields = ("user", "provider", "uid", "date_joined", "last_login")
    readonly_fields = fields
    list_display = ("user", "provider", "uid", "date_joined")
    list_select_related = ("user",)
    search_fields = ("user__email", "uid")

    def has_add_permission(self, *args: object) -> bool:
        return False
