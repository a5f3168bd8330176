"""What the operators' admin is built of: every change in the audit log, or no change at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar
from urllib.parse import quote

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.db import models
from django.db.models import QuerySet
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts import audit
from accounts.admin_paging import CappedPaginator
from accounts.models import Tenant

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

    paginator = CappedPaginator
    show_full_result_count = False
    related: ClassVar[Sequence[tuple[str, str, str]]] = ()  # title, list, lookup by the row's key

    def get_list_display(self, request: HttpRequest) -> Any:
        """Beside the first column, an organisation leads to its own page."""
        first, *others = super().get_list_display(request)
        if not request.user.has_perm("accounts.view_tenant"):
            return (first, *others)
        return (first, *("organisation" if name == "tenant" else name for name in others))

    @admin.display(description="organisation")
    def organisation(self, row: Any) -> SafeString | str:
        """Its name, which leads to it."""
        if row.tenant_id is None:
            return "-"
        address = reverse("admin:accounts_tenant_change", args=[row.tenant_id])
        return format_html('<a href="{}">{}</a>', address, row.tenant)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Under the name of what is listed."""
        title = str(self.opts.verbose_name_plural)
        named = {"title": title[:1].upper() + title[1:]}
        return super().changelist_view(request, named | (extra_context or {}))

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
