"""Reviews: which jobs a person must look at, who is at one, what they say of its fields.

Whoever changes a review or a field holds the lock of the job's row, so that two come one after the
other and none after the job is deleted. Audit entries hold names and versions, never a value.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.shortcuts import get_object_or_404

from accounts import audit
from accounts.tenancy import Actor
from extraction.classify import fields_for
from extraction.fields import known
from extraction.fields.definition import Field
from extraction.fields.review import Reason, reasons
from extraction.fields.templates import SURE, starters
from extraction.formats.json_reading import classification_from_dict, part_from_dict
from extraction.types import Classification, FieldValue
from jobs import results, revisions, templates, webhooks
from jobs.errors import (
    FieldsMissing,
    NoResult,
    NotInReview,
    ReviewTaken,
    VersionConflict,
)
from jobs.models import FieldRevision, Job, Review
from jobs.revisions import State, author_of

LEFT_SECONDS = 15


@dataclass(frozen=True, slots=True)
class LookedFor:
    """What was looked for in a job's document, or in one part of a split file."""

    document: int | None
    fields: tuple[Field, ...]
    threshold: float


def looked_for(job: Job) -> tuple[LookedFor, ...]:
    """The fields looked for in each document of an ended job; none where nothing was read.

    Those named at submission, else those of the result's template, else those of the starter of its
    type, else the catalogue's of its type. Template and starter also say which are required.
    """
    if job.documents:
        parts = [part_from_dict(part) for part in job.documents]
        return tuple(
            _looked_for(job, part.classification, part.template, part.number) for part in parts
        )
    told = classification_from_dict(job.classification)
    return (_looked_for(job, told, job.template, None),) if told else ()


def _looked_for(job: Job, told: Classification, template: str, document: int | None) -> LookedFor:
    used = templates.in_result(job, template)
    if used:
        least = settings.REVIEW_THRESHOLD if used.threshold is None else used.threshold
        return LookedFor(document, used.fields, least)
    likely = [each for each in starters() if each.document_type == told.kind]
    starter = likely[0] if likely and told.confidence >= SURE else None
    fields = starter.fields if starter else fields_for(told)
    if named := job.options.get("fields"):
        required = {field.name for field in fields if field.required}
        fields = tuple(replace(field, required=field.name in required) for field in known(named))
    return LookedFor(document, fields, settings.REVIEW_THRESHOLD)


def reasons_of(
    looked: Iterable[LookedFor], values: Sequence[FieldValue], absent: Iterable[revisions.Key] = ()
) -> list[Reason]:
    """Why a person should look at these values; ``absent`` fields are known not to be there."""
    gone = set(absent)
    return [
        reason
        for each in looked
        for reason in reasons(
            [value for value in values if value.document == each.document],
            [field for field in each.fields if (field.name, each.document) not in gone],
            threshold=each.threshold,
            document=each.document,
        )
    ]


def open_for(job: Job, values: Sequence[FieldValue]) -> Review | None:
    """Put a job that ends with these values into review, if there is a reason to.

    To be called in the transaction that ends the job.
    """
    job.refresh_from_db(fields=["classification", "documents", "template", "template_version"])
    found = reasons_of(looked_for(job), values)
    if not found:
        return None
    return Review.objects.create(
        job=job,
        tenant=job.tenant,
        reasons=[asdict(reason) for reason in found],
        confidence=_least(found, values),
        template=job.template.partition("@")[0],
    )


def _least(found: Iterable[Reason], values: Iterable[FieldValue]) -> float:
    """The least confidence of the fields that the reasons name; 0 where one has no value."""
    told = {(value.name, value.document): value.confidence or 0.0 for value in values}
    return min(told.get((reason.field, reason.document), 0.0) for reason in found)


def state_of(
    job: Job, looked: Sequence[LookedFor] | None = None
) -> tuple[list[State], list[Reason]]:
    """Every field as it stands now, and what is still to be looked at.

    ``looked`` is ``looked_for(job)``, or more than that.
    """
    looked = looked_for(job) if looked is None else looked
    states = revisions.states(job, [(each.document, each.fields) for each in looked])
    values = [state.value for state in states if state.value is not None]
    absent = [(each.name, each.document) for each in states if each.standing == "absent"]
    return states, reasons_of(looked, values, absent)


def version_of(job: Job) -> int:
    """How often anybody has said anything of the job's fields."""
    return FieldRevision.objects.filter(job=job).count()


def take(job: Job, *, actor: Actor, address: str | None) -> Review:
    """Claim the review for a while, or for a while longer.

    Raises ``ReviewTaken`` while somebody else has it, ``NotInReview`` where there is nothing to do.
    """
    with transaction.atomic():
        job = locked(job)
        own = _own(job, actor)
        renewed = own.filter(taken_until__gt=Now()).exists()
        free = Review.objects.filter(Q(taken_until=None) | Q(taken_until__lte=Now()), job=job)
        since = {} if renewed else {"taken_at": Now()}
        taken = (free | own).filter(status=Review.Status.OPEN).update(
            taken_by=actor.user, taken_key=actor.api_key, taken_until=_claim(), **since
        )  # fmt: skip
        if not taken:
            refuse_others(job, actor)
            raise NotInReview("Nothing is open: its fields can be corrected all the same.")
        if not renewed:
            _record("review.take", job, actor, address)
        return Review.objects.get(job=job)


def release(job: Job, *, actor: Actor, address: str | None) -> Review:
    """Give up the claim, if it is the actor's. Raises ``ReviewTaken``, ``NotInReview``."""
    with transaction.atomic():
        job = locked(job)
        refuse_others(job, actor)
        own = _own(job, actor).exclude(taken_until=None)
        if own.update(taken_by=None, taken_key=None, taken_at=None, taken_until=None):
            _record("review.release", job, actor, address)
        review = Review.objects.filter(job=job).first()
        if review is None:
            raise NotInReview()
        return review


def leave(job: Job, *, actor: Actor) -> None:
    """The actor has left the page: their claim, if there is one, runs out in ``LEFT_SECONDS``.

    Who comes back in time, because the page was loaded anew, has it still.
    """
    soon = Now() + timedelta(seconds=LEFT_SECONDS)
    _own(job, actor).filter(taken_until__gt=soon).update(taken_until=soon)


def confirm(job: Job, *, version: int, actor: Actor, address: str | None) -> Review:
    """Say that every field is right as it stands, and close the review.

    ``version`` is the one of the fields that the person has seen. Fields that nobody has looked at
    get a revision; what was corrected stays so. A job that needed no review gets one, closed.
    Confirming again what has not changed since changes nothing. Raises ``ReviewTaken``,
    ``VersionConflict``, ``FieldsMissing``.
    """
    with transaction.atomic():
        job = locked(job)
        refuse_others(job, actor)
        now = version_of(job)
        review = Review.objects.filter(job=job).first()
        if review is not None and review.confirmed_version == now:
            return review
        if version != now:
            raise VersionConflict(
                "Fields were corrected meanwhile: look at them again.", actual=now
            )
        states, left = state_of(job)
        missing = [reason for reason in left if reason.code == "missing"]
        if missing:
            raise FieldsMissing(
                "Give their values, or say that they are not on the document: "
                + ", ".join(_place(reason.field, reason.document) for reason in missing)
            )
        read = [state for state in states if state.standing == "read"]
        at_it = _own(job, actor).filter(status=Review.Status.OPEN, taken_until__gt=Now()).first()
        FieldRevision.objects.bulk_create(confirmation(job, state, actor) for state in read)
        review, _ = Review.objects.update_or_create(
            job=job,
            defaults={
                "tenant": job.tenant,
                "status": Review.Status.CONFIRMED,
                "taken_by": None,
                "taken_key": None,
                "taken_at": at_it.taken_at if at_it else None,
                "taken_until": None,
                "confirmed_by": author_of(actor),
                "confirmed_at": Now(),
                "confirmed_version": now + len(read),
            },
        )
        _record("review.confirm", job, actor, address, version=now + len(read), confirmed=len(read))
        webhooks.job_event(job, "review.completed")
        return Review.objects.get(job=job)


def confirmation(job: Job, state: State, actor: Actor, comment: str = "") -> FieldRevision:
    """The field's next version, not saved: its value is right as it is."""
    value = state.value
    assert value is not None
    return FieldRevision(
        job=job,
        **{"name": state.name, "label": state.label, "kind": state.kind},
        document=state.document,
        version=state.version + 1,
        action=FieldRevision.Action.CONFIRMED,
        **{"raw": value.raw, "value": value.value, "page": value.page, "box": value.box},
        grounded=value.grounded,
        checks=dict(value.checks),
        notes=list(value.notes),
        comment=comment,
        **{"user": actor.user, "api_key": actor.api_key, "actor": author_of(actor)},
    )


def locked(job: Job) -> Job:
    """The job with its row locked to the end of the transaction.

    Raises Http404 where it was deleted meanwhile, and as ``ready``.
    """
    rows = Job.objects.select_for_update(of=("self",), no_key=True).select_related("tenant")
    job = get_object_or_404(rows, pk=job.pk)
    ready(job)
    return job


def ready(job: Job) -> None:
    """Raises as ``results.ready``, and ``NoResult`` where nothing was read."""
    results.ready(job)
    if not job.pages_done:
        raise NoResult(f"The job is {job.status}.")


def refuse_others(job: Job, actor: Actor) -> None:
    """Raises ``ReviewTaken`` while another has the job's review."""
    held = Review.objects.filter(job=job, taken_until__gt=Now())
    other = held.select_related("taken_by", "taken_key").first()
    if other is not None and not _own(job, actor).exists():
        until = other.taken_until.isoformat(timespec="seconds") if other.taken_until else ""
        raise ReviewTaken(f"{holder_of(other) or 'Somebody'} has it until {until}.")


def renew(job: Job, actor: Actor) -> None:
    """Keep the actor's claim, if there is one, for as long as they work on it."""
    _own(job, actor).exclude(taken_until=None).update(taken_until=_claim())


def holder_of(review: Review) -> str | None:
    """Who has taken the review, by name; needs both loaded."""
    if review.taken_key is not None:
        return f"API key {review.taken_key.name}"
    return review.taken_by.email if review.taken_by is not None else None


def is_held_by(review: Review, actor: Actor) -> bool:
    """Whether the actor was the last to take the review."""
    user, key = actor.user, actor.api_key
    own = (user.pk if user else None, key.pk if key else None)
    return (review.taken_by_id, review.taken_key_id) == own


def _own(job: Job, actor: Actor) -> Any:
    return Review.objects.filter(job=job, taken_by=actor.user, taken_key=actor.api_key)


def _claim() -> Any:
    return Now() + timedelta(seconds=settings.REVIEW_CLAIM_SECONDS)


def _place(name: str, document: int | None) -> str:
    return name if document is None else f"{name} (document {document})"


def _record(action: str, job: Job, actor: Actor, address: str | None, **after: Any) -> None:
    audit.record(
        actor=actor, tenant=job.tenant, action=action, obj=job, after=after or None, address=address
    )
