"""The operators' admin over the audit log and the chain over it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.audit_actions import GROUPS, those_of, words_of
from accounts.audit_search import found
from accounts.audited_admin import ReadOnlyAdmin
from accounts.models import AuditEntry, AuditSeal


class ActionFilter(admin.SimpleListFilter):
    """By what was done, from the table of actions: the rows are not looked through for them."""

    title = "action"
    parameter_name = "what"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, str(title)) for name, title in GROUPS.items()]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry]
    ) -> QuerySet[AuditEntry]:
        chosen = self.value()
        return queryset.filter(action__in=those_of(chosen)) if chosen else queryset


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """Everybody's entries. Searched for whole words that an index knows, or a name's beginning."""

    list_display = (
        "at",
        "actor",
        "what",
        "object_type",
        "object_id",
        "tenant",
        "address",
        "request_id",
    )
    list_filter = (ActionFilter, "at")
    list_select_related = ("tenant",)
    search_fields = ("object_id",)  # for the box to be there: see get_search_results
    search_help_text = (
        "An object's or organisation's id, an organisation's short name, an IP address, or an "
        "action as key.create; after a short name and a comma how a name begins: acme, anna@"
    )
    show_facets = admin.ShowFacets.NEVER

    @admin.display(description="action")
    def what(self, entry: AuditEntry) -> str:
        """In plain words, as they go on after the actor's name."""
        return words_of(entry.action)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry], search_term: str
    ) -> tuple[QuerySet[AuditEntry], bool]:
        return found(queryset, search_term.strip()), False


@admin.register(AuditSeal)
class AuditSealAdmin(ReadOnlyAdmin):
    """The chain over the audit log, which `manage.py audit verify` walks."""

    fields = ("number", "entry_id", "digest_hex", "hash_hex")
    list_display = ("number", "entry_id", "hash_hex")
    search_fields = ("=number", "=entry_id")

    @admin.display(description="hash")
    def hash_hex(self, seal: AuditSeal) -> str:
        return bytes(seal.hash).hex()

    @admin.display(description="digest of the entry")
    def digest_hex(self, seal: AuditSeal) -> str:
        return bytes(seal.digest).hex()
