"""The operators' admin over accounts, and the two admin classes that other apps build on."""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar
from urllib.parse import quote

from django.contrib import admin, messages
from django.contrib.admin.actions import delete_selected as django_delete_selected
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group
from django.db import models, transaction
from django.db.models import QuerySet
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from accounts import audit, login_throttle, second_factor
from accounts.keys import revoke_api_key
from accounts.models import (
    ApiKey,
    Invitation,
    Membership,
    Reservation,
    Tenant,
    ThresholdNotice,
    UsageRecord,
    User,
)
from accounts.suspension import set_active

SECRET_FIELDS = frozenset({"password", "hash"})


def _plain(value: Any) -> Any:
    """A form's value as the audit log keeps it: ids for objects."""
    if isinstance(value, models.Model):
        return str(value.pk)
    if isinstance(value, list | tuple | QuerySet):
        return [_plain(item) for item in value]
    return value


class AuditedAdmin(admin.ModelAdmin):
    """Writes every change into the audit log, with the values before and after.

    The page of a row leads to those that belong to it: ``related`` has their titles, and their
    lists with what they are narrowed by; a row of an organisation leads to that too.
    """

    related: ClassVar[Sequence[tuple[str, str, str]]] = ()  # title, list, lookup by the row's key

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """With links to what belongs to the row, as far as the operator may see it."""
        row = kwargs.get("obj")
        context["related"] = self.links(request, row) if row is not None else []
        return super().render_change_form(request, context, *args, **kwargs)

    def links(self, request: HttpRequest, row: Any) -> list[tuple[str, str]]:
        """Titles and addresses."""
        found = []
        tenant = getattr(row, "tenant_id", None)
        if tenant and request.user.has_perm("accounts.view_tenant"):
            found.append(("Organisation", reverse("admin:accounts_tenant_change", args=[tenant])))
        for title, name, lookup in self.related:
            app, _, model = name.partition("_")
            if request.user.has_perm(f"{app}.view_{model}"):
                address = reverse(f"admin:{name}_changelist")
                found.append((title, f"{address}?{lookup}={row.pk}"))
        return found

    def construct_change_message(
        self, request: HttpRequest, form: Form, formsets: Any, add: bool = False
    ) -> Any:
        # Django calls this once after each save, the password page's too, with the form at hand.
        obj = getattr(form, "instance", None) or form.user  # type: ignore[attr-defined]
        fields = {field.name: field for field in obj._meta.get_fields()}
        before: dict[str, Any] = {}
        after: dict[str, Any] = {}
        for name in form.changed_data:
            if name in SECRET_FIELDS:
                after[name] = "changed"
            elif name in fields:
                chosen = fields[name].many_to_many
                before[name] = _plain(form.initial.get(name))
                after[name] = _plain(form.cleaned_data[name] if chosen else getattr(obj, name))
        audit.record(
            actor=request.user,  # type: ignore[arg-type]  # an operator, not anonymous
            tenant=_tenant_of(obj),
            action="admin.add" if add else "admin.change",
            obj=obj,
            before=None if add else before,
            after=after,
            address=audit.address_of(request),
        )
        return super().construct_change_message(request, form, formsets, add)

    def log_deletions(self, request: HttpRequest, queryset: Iterable[Any]) -> Any:
        for obj in queryset:
            audit.record(
                actor=request.user,  # type: ignore[arg-type]
                tenant=_tenant_of(obj),
                action="admin.delete",
                obj=obj,
                before={"name": str(obj)},
                address=audit.address_of(request),
            )

    # Django's own log would be a second one, and keep names of organisations that are gone

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Noted by ``construct_change_message``."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Noted by ``construct_change_message``."""

    def history_view(self, request: HttpRequest, object_id: str, *args: Any) -> HttpResponse:
        """The object's entries in the audit log."""
        return redirect(
            f"{reverse('admin:accounts_auditentry_changelist')}?q={quote(unquote(object_id))}"
        )


@admin.action(description="Delete selected %(verbose_name_plural)s", permissions=["delete"])
def delete_selected(
    modeladmin: Any, request: HttpRequest, queryset: QuerySet[Any]
) -> HttpResponse | None:
    """Django's, the rows and what the audit log says of them in one transaction."""
    with transaction.atomic():
        return django_delete_selected(modeladmin, request, queryset)


admin.site.add_action(delete_selected, "delete_selected")


def _tenant_of(obj: models.Model) -> Tenant | None:
    return obj if isinstance(obj, Tenant) else getattr(obj, "tenant", None)


class ReadOnlyAdmin(AuditedAdmin):
    """Looking only: for history, and for rows whose changes have rules of their own."""

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


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
    form = UserForm
    add_form = NewUserForm
    list_display = ("email", "name", "is_active", "is_staff", "is_superuser", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser")
    search_fields = ("email", "name")
    ordering = ("email",)
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


@admin.register(Tenant)
class TenantAdmin(AuditedAdmin):
    list_display = (
        "name",
        "slug",
        "is_active",
        "paused_at",
        "plan",
        "default_engine",
        "created_at",
    )
    list_filter = ("is_active", ("paused_at", admin.EmptyFieldListFilter), "plan")
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
    list_display = ("user", "tenant", "role", "created_at")
    list_filter = ("role",)
    list_select_related = ("user", "tenant")
    search_fields = ("user__email", "tenant__name", "tenant__slug")
    autocomplete_fields = ("user", "tenant")


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
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


@admin.register(UsageRecord)
class UsageRecordAdmin(ReadOnlyAdmin):
    list_display = (
        "created_at",
        "tenant",
        "job_id",
        "api_key",
        "run",
        "engine",
        "pages",
        "included",
        "unit_price",
        "currency",
        "compute_seconds",
        "outcome",
        "cached",
    )
    list_filter = ("engine", "outcome", "cached", "created_at")
    list_select_related = ("tenant", "api_key")
    search_fields = ("job_id", "tenant__name", "tenant__slug")
    date_hierarchy = "created_at"


@admin.register(Reservation)
class ReservationAdmin(ReadOnlyAdmin):
    """What jobs that have not ended keep of quotas."""

    list_display = ("job_id", "tenant", "run", "engine", "day", "pages", "submitted_at")
    list_select_related = ("tenant",)
    search_fields = ("job_id", "tenant__name", "tenant__slug")


@admin.register(ThresholdNotice)
class ThresholdNoticeAdmin(ReadOnlyAdmin):
    """Who was told of having used so much."""

    list_display = ("created_at", "tenant", "period", "percent", "used", "limit")
    list_filter = ("percent",)
    list_select_related = ("tenant",)
    search_fields = ("period", "tenant__name", "tenant__slug")


class GroupAdmin(AuditedAdmin, DjangoGroupAdmin):
    """Operators' permissions."""


admin.site.unregister(Group)
admin.site.register(Group, GroupAdmin)
# Tokens in full, that could be made valid again by a deletion which nobody writes down
admin.site.unregister([OutstandingToken, BlacklistedToken])

from accounts import audit_admin, signin_admin  # noqa: E402, F401  builds on the classes above
