"""The operators' admin over accounts: people, organisations, members, keys."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.actions import delete_selected as django_delete_selected
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from accounts import audit, login_throttle, second_factor
from accounts.audited_admin import AuditedAdmin, ReadOnlyAdmin
from accounts.keys import revoke_api_key
from accounts.models import (
    ApiKey,
    Invitation,
    Membership,
    Tenant,
    User,
)
from accounts.suspension import set_active


@admin.action(description="Delete selected %(verbose_name_plural)s", permissions=["delete"])
def delete_selected(
    modeladmin: Any, request: HttpRequest, queryset: QuerySet[Any]
) -> HttpResponse | None:
    """Django's, the rows and what the audit log says of them in one transaction."""
    with transaction.atomic():
        return django_delete_selected(modeladmin, request, queryset)


admin.site.add_action(delete_selected, "delete_selected")


class NewUserForm(AdminUserCreationForm):
    class Meta:
        model = User
        fields = ("email", "name")


class UserForm(UserChangeForm):
    class Meta:
        model = User
        fields = "__all__"


@admin.register(User)
class UserAdmin(AuditedAdmin, DjangoUserAdmin):
    """People with an account, operators among them."""

    form = UserForm
    add_form = NewUserForm
    list_display = ("email", "name", "is_active", "is_staff", "is_superuser", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser")
    search_fields = ("email", "name")
    ordering = ("email",)
    filter_horizontal = ()  # a list with Ctrl is plainer, and read by screen readers
    readonly_fields = ("last_login", "date_joined")
    actions = ("let_in_again", "switch_second_factor_off")
    fieldsets = (
        (None, {"fields": ("email", "name", "password")}),
        (
            "Permissions",
            {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")},
        ),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (None, {"fields": ("email", "name", "usable_password", "password1", "password2")}),
    )

    @admin.action(description="Forget failed sign-ins", permissions=["change"])
    def let_in_again(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """For who is locked out and known to the operator."""
        done = sum(
            login_throttle.let_in_again(
                user,
                actor=request.user,  # type: ignore[arg-type]
                address=audit.address_of(request),
            )
            for user in queryset
        )
        self.message_user(request, f"Forgotten of {done} people.", messages.SUCCESS)

    @admin.action(description="Switch second factor off", permissions=["change"])
    def switch_second_factor_off(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """For who has lost their phone and recovery codes."""
        done = sum(
            second_factor.switch_off(
                user,
                actor=request.user,  # type: ignore[arg-type]
                address=audit.address_of(request),
            )
            for user in queryset
        )
        self.message_user(request, f"Switched off for {done} people.", messages.SUCCESS)


class PausedFilter(admin.SimpleListFilter):
    """Whether operators hold the work back."""

    title = "work"
    parameter_name = "paused"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "paused"), ("no", "goes on")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Tenant]) -> QuerySet[Tenant]:
        if self.value() not in ("yes", "no"):
            return queryset
        return queryset.filter(paused_at__isnull=self.value() == "no")


@admin.register(Tenant)
class TenantAdmin(AuditedAdmin):
    """Organisations: their plan, their rules, their work paused, they themselves suspended."""

    list_display = (
        "name",
        "slug",
        "is_active",
        "paused_at",
        "plan",
        "default_engine",
        "created_at",
    )
    list_filter = ("is_active", PausedFilter, "plan")
    list_select_related = ("plan",)
    search_fields = ("name", "slug", "id")
    search_help_text = "A name, a short name, an id."
    prepopulated_fields = {"slug": ("name",)}
    # switched by the actions and the page's buttons alone
    readonly_fields = ("id", "is_active", "paused_at", "pause_reason", "created_at")
    actions = ("suspend", "resume")
    fieldsets = (
        (None, {"fields": ("name", "slug", "id", "created_at")}),
        ("State", {"fields": ("is_active", "paused_at", "pause_reason")}),
        ("Plan and engines", {"fields": ("plan", "default_engine", "when_engine_away")}),
        ("Rules", {"fields": ("retention_hours", "require_second_factor")}),
        (
            "What documents get that come without a wish",
            {
                "fields": (
                    "default_text_layer",
                    "default_dpi",
                    "default_strip_furniture",
                    "default_split",
                    "default_searchable_pdf",
                    "default_cache",
                )
            },
        ),
    )
    change_form_template = "admin/organisation.html"
    related = (
        ("Members", "accounts_membership", "tenant__id__exact"),
        ("API keys", "accounts_apikey", "tenant__id__exact"),
        ("Jobs", "jobs_job", "tenant__id__exact"),
        ("Usage", "accounts_usagerecord", "tenant__id__exact"),
        ("Quotas", "accounts_quotause", "tenant__id__exact"),
        ("Invoices", "accounts_invoice", "tenant__id__exact"),
        ("Webhooks", "jobs_webhook", "tenant__id__exact"),
        ("Deliveries", "jobs_delivery", "tenant__id__exact"),
        ("Audit log", "accounts_auditentry", "tenant__id__exact"),
    )

    @admin.action(description="Suspend selected organisations", permissions=["change"])
    def suspend(self, request: HttpRequest, queryset: QuerySet[Tenant]) -> None:
        self._set_active(request, queryset, active=False)

    @admin.action(description="Let selected organisations in again", permissions=["change"])
    def resume(self, request: HttpRequest, queryset: QuerySet[Tenant]) -> None:
        self._set_active(request, queryset, active=True)

    def _set_active(
        self, request: HttpRequest, queryset: QuerySet[Tenant], *, active: bool
    ) -> None:
        changed = sum(
            set_active(
                tenant,
                active=active,
                actor=request.user,  # type: ignore[arg-type]  # an operator
                address=audit.address_of(request),
            )
            for tenant in queryset
        )
        done = "let in again" if active else "suspended"
        self.message_user(request, f"{changed} organisations {done}.", messages.SUCCESS)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # a tenant's files and bills hang on it: switch it off instead


@admin.register(Membership)
class MembershipAdmin(AuditedAdmin):
    """Who belongs to which organisation, in which role."""

    list_display = ("user", "tenant", "role", "created_at")
    list_filter = ("role",)
    list_select_related = ("user", "tenant")
    search_fields = ("user__email", "tenant__name", "tenant__slug")
    autocomplete_fields = ("user", "tenant")


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    """API keys, by the beginning that they are known by; what opens is kept nowhere."""

    fields = (
        "tenant",
        "name",
        "prefix",
        "scopes",
        "networks",
        "created_by",
        "created_at",
        "expires_at",
        "revoked_at",
        "last_used_at",
        "last_used_from",
        "refused_at",
        "refused_from",
        "old_prefix",
        "old_until",
        "old_used_at",
    )
    list_display = ("prefix", "name", "tenant", "expires_at", "revoked_at", "last_used_at")
    list_filter = (
        ("revoked_at", admin.EmptyFieldListFilter),
        ("expires_at", admin.EmptyFieldListFilter),
    )
    list_select_related = ("tenant",)
    search_fields = ("prefix", "name", "tenant__name", "tenant__slug")
    actions = ("revoke_keys",)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.change_apikey")

    @admin.action(description="Revoke selected API keys", permissions=["revoke"])
    def revoke_keys(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        revoked = sum(
            revoke_api_key(
                key,
                actor=request.user,  # type: ignore[arg-type]
                address=audit.address_of(request),
            )
            for key in queryset.select_related("tenant")
        )
        self.message_user(request, f"{revoked} API keys revoked.", messages.SUCCESS)


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    """Who was invited to which organisation, and whether they came."""

    fields = (
        "tenant",
        "email",
        "role",
        "invited_by",
        "api_key",
        "created_at",
        "sent_at",
        "expires_at",
        "accepted_at",
        "revoked_at",
    )
    list_display = ("email", "tenant", "role", "sent_at", "expires_at", "accepted_at", "revoked_at")
    list_filter = (
        ("accepted_at", admin.EmptyFieldListFilter),
        ("revoked_at", admin.EmptyFieldListFilter),
    )
    list_select_related = ("tenant",)
    search_fields = ("email", "tenant__name", "tenant__slug")


class GroupAdmin(AuditedAdmin, DjangoGroupAdmin):
    """Groups of operators, and what they may."""

    filter_horizontal = ()


admin.site.unregister(Group)
admin.site.register(Group, GroupAdmin)
# Tokens in full, that could be made valid again by a deletion which nobody writes down
admin.site.unregister([OutstandingToken, BlacklistedToken])

from accounts import audit_admin, signin_admin, usage_admin  # noqa: E402, F401  their own models
