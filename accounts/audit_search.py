"""The operators' search in the audit log of all organisations: for what an index finds."""

from __future__ import annotations

import ipaddress
from uuid import UUID

from django.db.models import QuerySet

from accounts.audit_actions import ACTIONS, GROUPS, those_of
from accounts.audit_log import Wanted, narrowed
from accounts.models import AuditEntry, Tenant


def found(rows: QuerySet[AuditEntry], text: str) -> QuerySet[AuditEntry]:
    """The rows that the text finds: see `accounts.audit_admin.AuditEntryAdmin`."""
    if not text:
        return rows
    slug, comma, actor = (part.strip() for part in text.partition(","))
    tenant = Tenant.objects.filter(slug=slug).first()
    if comma:
        theirs = rows.filter(tenant=tenant) if tenant else rows.none()
        return narrowed(theirs, Wanted(actor=actor))
    if tenant:
        return rows.filter(tenant=tenant)
    if text in ACTIONS or text in GROUPS:
        return rows.filter(action__in=those_of(text))
    if address := _address(text):
        return rows.filter(address=address)
    if (known := _id(text)) and Tenant.objects.filter(pk=known).exists():
        return rows.filter(tenant_id=known)
    return rows.filter(object_id=text)


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return ""


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
