"""Which jobs are put into review, who has one, and how it is closed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models.functions import Now
from pytest_django import Settings

from accounts.models import AuditEntry
from accounts.permissions import Role
from accounts.tenancy import Actor, member_actor
from extraction.fields.templates import starters
from extraction.types import Classification, Part
from jobs import corrections, job_actions, lifecycle, review, templates
from jobs.corrections import Change
from jobs.errors import FieldsMissing, NotInReview, ResultNotReady, ReviewTaken, VersionConflict
from jobs.models import FieldRevision, FieldTemplate, FieldValue, Job, Review, StoredFile
from tests.jobs.making import claim, make_job
from tests.jobs.reviewing import INVOICE, OTHER, READ, RIGHT, money, page, read_job, value
from tests.people import Organisation

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("files")]


@pytest.fixture
def colleague(acme: Organisation) -> Actor:
    """Another person of acme."""
    from accounts.models import Membership

    person = acme.join(Role.REVIEWER)
    return member_actor(Membership.objects.get(user=person))


def codes(job: Job) -> list[tuple[str, str]]:
    """The fields and codes of the reasons for a job's review."""
    return [(each["field"], each["code"]) for each in Review.objects.get(job=job).reasons]


def confirm(job: Job, actor: Actor, version: int | None = None) -> Review:
    """Confirm what is there, or what was there at a version."""
    seen = review.version_of(job) if version is None else version
    return review.confirm(job, version=seen, actor=actor, address=None)


def say(job: Job, actor: Actor, name: str, version: int = 0, **said: object) -> None:
    """Correct a field."""
    change = Change(version, **said)  # type: ignore[arg-type]
    corrections.correct(job, name, change=change, actor=actor)


def test_job_with_a_reason_ends_in_review(acme: Organisation) -> None:
    job = read_job(acme)
    row = Review.objects.get(job=job)
    assert (row.tenant, row.status, row.stage) == (acme.tenant, "open", "open")
    assert sorted(codes(job)) == [
        ("invoice_date", "missing"),
        ("subtotal", "inconsistent"),
        ("tax_amount", "inconsistent"),
        ("total_amount", "inconsistent"),
        ("total_amount", "unsure"),
    ]
    assert {each["document"] for each in row.reasons} == {None}
    assert "19" not in str(row.reasons), "no text of the document"


def test_job_without_a_reason_does_not(acme: Organisation) -> None:
    assert not Review.objects.filter(job=read_job(acme, *RIGHT)).exists()


def test_threshold_is_a_setting(acme: Organisation, settings: Settings) -> None:
    settings.REVIEW_THRESHOLD = 0.95
    assert {code for _, code in codes(read_job(acme, *RIGHT))} == {"unsure"}


def test_document_of_no_template_requires_nothing(acme: Organisation) -> None:
    vague = Classification("invoice", "Invoice", 0.4)
    for told in (OTHER, vague):
        assert not Review.objects.filter(job=read_job(acme, *RIGHT[:1], told=told)).exists()


def test_named_fields_alone_are_required_and_only_where_the_type_requires_them(
    acme: Organisation,
) -> None:
    job = read_job(acme, *RIGHT[:1], fields=("total_amount", "due_date", "invoice_number"))
    assert codes(job) == [("total_amount", "missing")]


OWN = {
    "name": "acme",
    "threshold": 0.95,
    "fields": [
        {"name": "invoice_number", "required": True, "threshold": 0.5},
        {"name": "total_amount", "required": True},
        {"name": "cost_centre", "label": "Cost centre", "kind": "id", "required": True},
        {"name": "parts", "kind": "table", "columns": [{"name": "count", "kind": "number"}]},
    ],
}


def with_template(acme: Organisation) -> Job:
    """A job read with acme's own template."""
    template = templates.read_template(OWN)
    templates.create(tenant=acme.tenant, actor=acme.actor, template=template)
    return read_job(acme, *RIGHT, template="acme@1")


def test_own_template_says_what_is_required_and_how_sure(acme: Organisation) -> None:
    job = with_template(acme)
    assert codes(job) == [("total_amount", "unsure"), ("cost_centre", "missing")]
    say(job, acme.member, "cost_centre", raw="K-100")
    say(job, acme.member, "parts", raw=[{"count": "2"}])
    assert confirm(job, acme.member).stage == "confirmed"
    fields = {row.name: row for row in FieldRevision.objects.all()}
    assert (fields["cost_centre"].label, fields["cost_centre"].value) == ("Cost centre", "K-100")
    assert (fields["parts"].label, fields["parts"].value) == ("Parts", [{"count": "2"}])


def test_review_outlives_its_template(acme: Organisation) -> None:
    job = with_template(acme)
    say(job, acme.member, "cost_centre", raw="K-100")
    templates.delete(row=FieldTemplate.objects.get(), actor=acme.actor)
    job = Job.objects.get(pk=job.pk)
    say(job, acme.member, "cost_centre", 1, raw="K-200")
    assert confirm(job, acme.member).stage == "confirmed"


def test_every_part_of_a_split_file_is_looked_at(acme: Organisation) -> None:
    from dataclasses import replace

    parts = (Part(1, (1,), 1.0, INVOICE), Part(2, (2,), 1.0, INVOICE), Part(3, (3,), 1.0, OTHER))
    values = [replace(each, document=1) for each in RIGHT]
    job = read_job(acme, *values, pages=(page(1), page(2), page(3)), parts=parts)
    reasons = Review.objects.get(job=job).reasons
    (starter,) = [each for each in starters() if each.name == "invoice"]
    assert {each["field"] for each in reasons} == {
        field.name for field in starter.fields if field.required
    }
    assert {(each["code"], each["document"]) for each in reasons} == {("missing", 2)}


def test_cancelled_and_failed_jobs_are_not_in_review(acme: Organisation) -> None:
    from extraction.errors import CorruptDocument

    held = claim(make_job(acme))
    lifecycle.fail(held, CorruptDocument())
    job_actions.cancel(make_job(acme), actor=acme.actor, address=None)
    assert not Review.objects.exists()


def test_review_goes_back_with_the_end_of_the_job(
    acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(job: Job, values: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr(review, "open_for", fails)
        with pytest.raises(RuntimeError), transaction.atomic():
            read_job(acme)
    assert not Job.objects.filter(status="succeeded").exists()
    assert not FieldValue.objects.exists()


def test_taking_lasts_for_a_while_and_is_renewed(
    acme: Organisation, colleague: Actor, settings: Settings
) -> None:
    settings.REVIEW_CLAIM_SECONDS = 60
    job = read_job(acme)
    taken = review.take(job, actor=acme.member, address="192.0.2.1")
    assert (taken.stage, review.holder_of(taken)) == ("taken", acme.owner.email)
    assert taken.taken_until is not None
    with pytest.raises(ReviewTaken, match=f"{acme.owner.email} has it until 20"):
        review.take(job, actor=colleague, address=None)
    settings.REVIEW_CLAIM_SECONDS = 600
    renewed = review.take(job, actor=acme.member, address=None)
    assert renewed.taken_until is not None
    assert renewed.taken_until - taken.taken_until > timedelta(seconds=500)
    entry = AuditEntry.objects.get(action="review.take")
    assert (entry.object_id, entry.user, entry.address) == (str(job.pk), acme.owner, "192.0.2.1")


def test_claim_that_has_run_out_is_anybodys(acme: Organisation, colleague: Actor) -> None:
    job = read_job(acme)
    review.take(job, actor=acme.member, address=None)
    Review.objects.update(taken_until=Now() - timedelta(seconds=1))
    say(job, colleague, "total_amount", raw="119,00")
    assert review.release(job, actor=colleague, address=None).stage == "open"
    assert review.take(job, actor=colleague, address=None).taken_by == colleague.user
    with pytest.raises(ReviewTaken):
        review.take(job, actor=acme.member, address=None)


def test_key_and_its_maker_are_two(acme: Organisation) -> None:
    job = read_job(acme)
    taken = review.take(job, actor=acme.actor, address=None)
    assert review.holder_of(taken) == "API key first"
    with pytest.raises(ReviewTaken):
        review.take(job, actor=acme.member, address=None)


def test_taken_review_is_closed_to_others(acme: Organisation, colleague: Actor) -> None:
    job = read_job(acme)
    review.take(job, actor=acme.member, address=None)
    with pytest.raises(ReviewTaken):
        say(job, colleague, "total_amount", raw="119,00")
    with pytest.raises(ReviewTaken):
        confirm(job, colleague)
    with pytest.raises(ReviewTaken):
        review.release(job, actor=colleague, address=None)
    assert not FieldRevision.objects.exists()
    review.release(job, actor=acme.member, address=None)
    say(job, colleague, "total_amount", raw="119,00")
    assert FieldRevision.objects.get().actor == "reviewer@acme.example"
    assert AuditEntry.objects.filter(action="review.release").count() == 1


def test_correcting_keeps_the_claim(acme: Organisation, settings: Settings) -> None:
    settings.REVIEW_CLAIM_SECONDS = 60
    job = read_job(acme)
    before = review.take(job, actor=acme.member, address=None).taken_until
    settings.REVIEW_CLAIM_SECONDS = 600
    say(job, acme.member, "total_amount", raw="119,00")
    after = Review.objects.get(job=job).taken_until
    assert before is not None
    assert after is not None
    assert after - before > timedelta(seconds=500)


def test_releasing_what_nobody_has_changes_nothing(acme: Organisation) -> None:
    job = read_job(acme)
    assert review.release(job, actor=acme.member, address=None).stage == "open"
    assert not AuditEntry.objects.filter(action="review.release").exists()


def test_job_not_in_review_cannot_be_taken_or_released(acme: Organisation) -> None:
    job = read_job(acme, *RIGHT)
    with pytest.raises(NotInReview):
        review.take(job, actor=acme.member, address=None)
    with pytest.raises(NotInReview):
        review.release(job, actor=acme.member, address=None)
    confirm(job, acme.member)
    with pytest.raises(NotInReview):
        review.take(job, actor=acme.member, address=None)


def test_confirming_closes_the_review_and_confirms_what_nobody_has_corrected(
    acme: Organisation,
) -> None:
    job = read_job(acme)
    review.take(job, actor=acme.member, address=None)
    say(job, acme.member, "total_amount", raw="119,00")
    say(job, acme.member, "invoice_date", raw="31.01.2026")
    closed = review.confirm(job, version=2, actor=acme.member, address="192.0.2.1")
    assert (closed.stage, closed.confirmed_by) == ("confirmed", acme.owner.email)
    assert closed.confirmed_at is not None
    assert (closed.taken_by, closed.taken_until) == (None, None)
    said = FieldRevision.objects.order_by("name").values_list("name", "version", "action")
    assert list(said) == [
        ("invoice_date", 1, "corrected"),
        ("invoice_number", 1, "confirmed"),
        ("issuer_name", 1, "confirmed"),
        ("subtotal", 1, "confirmed"),
        ("tax_amount", 1, "confirmed"),
        ("total_amount", 1, "corrected"),
    ]
    assert closed.confirmed_version == 6
    entry = AuditEntry.objects.get(action="review.confirm")
    assert (entry.object_id, entry.after) == (str(job.pk), {"version": 6, "confirmed": 4})
    assert entry.address == "192.0.2.1"


def test_confirming_is_refused_while_a_required_field_is_missing(acme: Organisation) -> None:
    job = read_job(acme)
    with pytest.raises(FieldsMissing, match=r"document: invoice_date$"):
        confirm(job, acme.member)
    assert not FieldRevision.objects.exists()
    say(job, acme.member, "invoice_date")
    assert confirm(job, acme.member).stage == "confirmed"
    assert FieldRevision.objects.get(name="invoice_date").action == "absent"


def test_required_field_that_is_not_there_after_all_is_not_missing(acme: Organisation) -> None:
    job = read_job(acme)
    say(job, acme.member, "total_amount")
    _, remaining = review.state_of(job)
    assert [(each.field, each.code) for each in remaining] == [
        ("invoice_date", "missing"),
    ], "nor is there a sum any more"


def test_confirming_what_was_not_seen_is_refused(acme: Organisation, colleague: Actor) -> None:
    job = read_job(acme, *RIGHT)
    say(job, colleague, "total_amount", raw="120,00")
    with pytest.raises(VersionConflict) as refused:
        confirm(job, acme.member, version=0)
    assert refused.value.actual == 1
    assert FieldRevision.objects.count() == 1


def test_confirming_twice_changes_nothing(acme: Organisation, colleague: Actor) -> None:
    job = read_job(acme, *RIGHT)
    first = confirm(job, acme.member, version=0)
    again = confirm(job, colleague, version=0)
    assert (again.confirmed_by, again.confirmed_at) == (first.confirmed_by, first.confirmed_at)
    assert FieldRevision.objects.count() == len(RIGHT)
    assert AuditEntry.objects.filter(action="review.confirm").count() == 1


def test_correction_after_the_end_is_confirmed_anew(acme: Organisation, colleague: Actor) -> None:
    job = read_job(acme, *RIGHT)
    confirm(job, acme.member)
    say(job, colleague, "total_amount", 1, raw="120,00")
    closed = confirm(job, colleague)
    assert closed.confirmed_by == "reviewer@acme.example"
    assert list(
        FieldRevision.objects.filter(name="total_amount")
        .order_by("version")
        .values_list("action", "actor")
    ) == [("confirmed", acme.owner.email), ("corrected", "reviewer@acme.example")]


def test_job_that_needs_no_review_can_be_confirmed(acme: Organisation) -> None:
    job = read_job(acme, *RIGHT)
    closed = confirm(job, acme.actor)
    assert (closed.stage, closed.reasons, closed.tenant) == ("confirmed", [], acme.tenant)
    assert closed.confirmed_by == "API key first"


def test_job_on_its_way_has_nothing_to_confirm(acme: Organisation) -> None:
    job = make_job(acme)
    with pytest.raises(ResultNotReady):
        confirm(job, acme.actor)
    with pytest.raises(ResultNotReady):
        review.take(job, actor=acme.actor, address=None)
    with pytest.raises(ResultNotReady):
        say(job, acme.actor, "total_amount", raw="1,00")


def test_revisions_are_never_changed_or_deleted(acme: Organisation) -> None:
    job = read_job(acme)
    say(job, acme.actor, "total_amount", raw="119,00")
    rows = FieldRevision.objects.filter(job=job)
    for change in (
        lambda: rows.update(raw="1"),
        lambda: rows.delete(),
        lambda: FieldRevision.objects.get(job=job).save(update_fields=["value"]),
    ):
        refused = pytest.raises(DatabaseError, match=r"never changed|permission denied")
        with refused, transaction.atomic():
            change()
    assert rows.get().value == money("119.00")


def test_one_version_has_one_revision(acme: Organisation) -> None:
    job = read_job(acme)
    say(job, acme.actor, "total_amount", raw="119,00")
    row = FieldRevision.objects.get()
    row.pk = None
    with pytest.raises(IntegrityError, match="one_revision_a_version"), transaction.atomic():
        row.save(force_insert=True)


@pytest.mark.django_db(transaction=True)
def test_deleting_a_job_takes_its_review_and_revisions_along(acme: Organisation) -> None:
    kept, gone = read_job(acme), read_job(acme)
    for job in (kept, gone):
        say(job, acme.actor, "total_amount", raw="119,00")
        review.take(job, actor=acme.actor, address=None)
    job_actions.delete(gone, actor=acme.actor, address=None)
    assert [row.job_id for row in Review.objects.all()] == [kept.pk]
    assert [row.job_id for row in FieldRevision.objects.all()] == [kept.pk]


@pytest.mark.django_db(transaction=True)
def test_deleting_a_tenants_jobs_in_bulk_takes_them_along(acme: Organisation) -> None:
    say(read_job(acme), acme.actor, "total_amount", raw="119,00")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM jobs_fieldvalue; DELETE FROM jobs_page; "
                       "DELETE FROM jobs_review; DELETE FROM jobs_searchwords; "
                       "DELETE FROM jobs_searchtext; DELETE FROM jobs_job")  # fmt: skip
        cursor.execute("SELECT count(*) FROM jobs_fieldrevision")
        assert cursor.fetchone() == (0,)
    StoredFile.objects.all().delete()


def test_history_outlives_the_person(acme: Organisation, colleague: Actor) -> None:
    job = read_job(acme)
    review.take(job, actor=colleague, address=None)
    say(job, colleague, "total_amount", raw="119,00")
    assert colleague.user is not None
    colleague.user.delete()
    assert FieldRevision.objects.get().actor == "reviewer@acme.example"
    assert Review.objects.get(job=job).taken_by is None


def test_checks_that_fail_are_named_once_a_field(acme: Organisation) -> None:
    bad = value("iban", "iban", "DE8", "DE8", checks={"checksum": False})
    assert codes(read_job(acme, *RIGHT, bad)) == [("iban", "inconsistent")]
    assert READ[0].checks == {}
