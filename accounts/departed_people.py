"""People who go with their organisation, and what is known of them beyond its rows: sessions."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from accounts.models import Membership, Session, User
from accounts.tenancy import TENANT_KEY

AT_ONCE = 200


def remove_some(tenant_id: UUID) -> dict[str, int]:
    """Delete some of those who belong to this organisation and to no other, with their sessions.

    Returns the rows that went, by model. Operators stay. Nothing when nobody is left; then no
    session names the organisation any more either.
    """
    with transaction.atomic():
        elsewhere = Membership.objects.filter(user=OuterRef("pk")).exclude(tenant=tenant_id)
        rows = User.objects.filter(
            ~Exists(elsewhere), memberships__tenant=tenant_id, is_staff=False, is_superuser=False
        )
        # Held, so that nobody joins another organisation meanwhile; then looked at once more.
        held = list(
            User.objects.select_for_update()
            .filter(pk__in=list(rows.values_list("pk", flat=True)[:AT_ONCE]))
            .values_list("pk", flat=True)
        )
        gone = list(rows.filter(pk__in=held).values_list("pk", flat=True))
        _end_sessions(tenant_id, gone)
        _, tokens = OutstandingToken.objects.filter(user__in=gone).delete()
        _, people = User.objects.filter(pk__in=gone).delete()
    return tokens | people


def _end_sessions(tenant_id: UUID, people: Collection[UUID]) -> None:
    """Delete these people's sessions, and in other members' the choice of this organisation."""
    Session.objects.filter(user__in=people).delete()
    for session in Session.objects.filter(user__memberships__tenant=tenant_id).iterator():
        content = session.get_decoded()
        if content.get(TENANT_KEY) == str(tenant_id):
            del content[TENANT_KEY]
            session.session_data = Session.objects.encode(content)
            session.save(update_fields=["session_data"])
