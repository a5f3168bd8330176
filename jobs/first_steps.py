"""The first steps of a new organisation: a list that its own rows tick off.

Each person may hide theirs; who may not send documents has none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiKey, AuditEntry, Invitation, Membership, UsageSum
from accounts.tenancy import Actor
from jobs.models import Review, Webhook


@dataclass(frozen=True, slots=True)
class Step:
    """Something to be done once in an organisation, by those who may do ``action``.

    ``url_name`` is the page on which it is done, "" for the one that shows the steps.
    """

    name: str
    action: str
    title: Promise | str
    why: Promise | str
    url_name: str = ""


READ, CORRECT = "read", "correct"
STEPS: Sequence[Step] = (
    Step(READ, "jobs:write", _("Have a document read"), _("Send one of yours, or the sample.")),
    Step(
        CORRECT,
        "fields:correct",
        _("Correct or confirm a field"),
        _("Open a result and set right what was misread. Exports then have your value."),
    ),
    Step(
        "invite",
        "members:manage",
        _("Invite a colleague"),
        _("Each signs in with an account and a role of their own."),
        "members-page",
    ),
    Step(
        "key",
        "keys:manage",
        _("Make an API key"),
        _("For programs that send documents by themselves."),
        "key-new-page",
    ),
    Step(
        "webhook",
        "webhooks:write",
        _("Set up a webhook"),
        _("Your system is told as soon as a document has been read."),
        "webhook-new-page",
    ),
)


@dataclass(frozen=True, slots=True)
class Standing:
    """A step, and whether it has been done."""

    step: Step
    done: bool


def steps_of(actor: Actor) -> list[Standing]:
    """The actor's steps by one query; none where all are done, or hidden by the person."""
    if actor.user is None or not actor.may("jobs:write"):
        return []
    tenant = OuterRef("tenant")
    done: dict[str, Any] = {
        # the ledger and the audit log: documents may have been deleted since
        READ: Exists(UsageSum.objects.filter(tenant=tenant, rows__gt=F("failed"))),
        CORRECT: Q(Exists(AuditEntry.objects.filter(tenant=tenant, action="field.correct")))
        | Q(Exists(Review.objects.filter(tenant=tenant, status=Review.Status.CONFIRMED))),
        "invite": Q(Exists(Invitation.objects.filter(tenant=tenant)))
        | Q(Exists(Membership.objects.filter(tenant=tenant).exclude(pk=OuterRef("pk")))),
        "key": Exists(ApiKey.objects.filter(tenant=tenant)),
        "webhook": Exists(Webhook.objects.filter(tenant=tenant)),
    }
    own = Membership.objects.for_tenant(actor.tenant).filter(user=actor.user, steps_hidden_at=None)
    names = [f"has_{name}" for name in done]
    row = own.annotate(**dict(zip(names, done.values(), strict=True))).values_list(*names).first()
    if row is None:
        return []
    has = dict(zip(done, row, strict=True))
    steps = [Standing(step, has[step.name]) for step in STEPS if actor.may(step.action)]
    return [] if all(each.done for each in steps) else steps


def hide(actor: Actor) -> None:
    """The person does not want to see the steps any more."""
    own = Membership.objects.for_tenant(actor.tenant).filter(user=actor.user)
    own.filter(steps_hidden_at=None).update(steps_hidden_at=Now())
