"""accounts/thresholds.py: told of once, in the audit log and by e-mail."""

from __future__ import annotations

import pytest
from django.core import mail

from accounts.models import AuditEntry, Membership, ThresholdNotice
from accounts.permissions import Role
from accounts.quotas import PagesUsed
from accounts.thresholds import Crossing, cross
from tests.people import Organisation

pytestmark = pytest.mark.django_db(transaction=True)
DAY = "day:2026-11-26"


def test_each_threshold_is_told_once_a_period(acme: Organisation) -> None:
    told = [cross(acme.tenant, [PagesUsed(DAY, used, 10)]) for used in (4, 5, 6, 8, 10, 10)]
    assert told == [
        [], [Crossing(DAY, 50, 5, 10)], [], [Crossing(DAY, 80, 8, 10)],
        [Crossing(DAY, 100, 10, 10)], [],
    ]  # fmt: skip
    assert cross(acme.tenant, [PagesUsed("day:2026-11-27", 5, 10)])
    entry = AuditEntry.objects.filter(action="usage.threshold").earliest("pk")
    assert (entry.tenant, entry.actor) == (acme.tenant, "system")
    assert entry.after == {"period": DAY, "percent": 50, "used": 5, "limit": 10}
    assert len(mail.outbox) == 4


def test_owners_are_sent_the_highest_of_several(acme: Organisation, stranger: Organisation) -> None:
    acme.join(Role.ADMIN)
    gone = acme.join(Role.VIEWER)
    Membership.objects.filter(user=gone).update(role=Role.OWNER)
    gone.is_active = False
    gone.save(update_fields=["is_active"])
    acme.tenant.name = "Acme\r\nBcc: all@example.com"
    crossings = cross(acme.tenant, [PagesUsed(DAY, 81, 100)])
    assert [crossing.percent for crossing in crossings] == [50, 80]
    (sent,) = mail.outbox
    assert sent.to == [acme.owner.email]
    assert sent.bcc == []
    assert sent.subject == "Acme Bcc: all@example.com: 80 % of the day's pages are used"
    assert "81 of the 100 pages of its plan for 2026-11-26" in sent.body


def test_unlimited_and_empty_quotas_have_no_thresholds(acme: Organisation) -> None:
    assert cross(acme.tenant, [PagesUsed(DAY, 81, None), PagesUsed("month:2026-11", 0, 0)]) == []
    assert not ThresholdNotice.objects.exists()


def test_nothing_is_sent_where_the_transaction_fails(acme: Organisation) -> None:
    from django.db import transaction

    with transaction.atomic():
        cross(acme.tenant, [PagesUsed(DAY, 5, 10)])
        transaction.set_rollback(True)
    assert mail.outbox == []
    assert cross(acme.tenant, [PagesUsed(DAY, 5, 10)])
    assert len(mail.outbox) == 1
