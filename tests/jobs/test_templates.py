"""A tenant's templates: written, restored, deleted, limited, raced for."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection

from accounts.models import AuditEntry
from extraction.errors import InvalidTemplate
from extraction.fields.templates import starters, template_to_dict
from extraction.types import Classification
from jobs import templates
from jobs.errors import (
    TemplateExists,
    TemplateNotFound,
    TemplateTooLarge,
    TooManyTemplates,
    TooManyVersions,
    VersionConflict,
)
from jobs.models import FieldTemplate, FieldTemplateVersion, Job
from tests.jobs.making import make_job
from tests.people import Organisation

pytestmark = pytest.mark.django_db(transaction=True)


def content(name: str = "acme", **more: Any) -> dict[str, Any]:
    """A template's JSON."""
    fields = [{"name": "invoice_number", "required": True, "pattern": r"SECRET-\d+"}]
    return {"name": name, "fields": fields, **more}


def create(organisation: Organisation, name: str = "acme", **more: Any) -> FieldTemplateVersion:
    return templates.create(
        tenant=organisation.tenant,
        actor=organisation.actor,
        template=templates.read_template(content(name, **more)),
    )


def replace(
    organisation: Organisation, label: str, expected: int | None = None
) -> FieldTemplateVersion:
    version, _ = templates.replace(
        tenant=organisation.tenant,
        actor=organisation.actor,
        template=templates.read_template(content(label=label)),
        expected=expected,
    )
    return version


def test_every_change_makes_a_version(acme: Organisation) -> None:
    first = create(acme)
    second = replace(acme, "Changed")
    assert (str(first), str(second)) == ("acme@1", "acme@2")
    assert second.api_key == acme.key
    row = FieldTemplate.objects.get()
    assert (row.version, row.label) == (2, "Changed")
    assert [version.content["label"] for version in row.versions.all()] == ["Changed", "acme"]
    assert replace(acme, "Changed").pk == second.pk, "nothing differs, nothing is written"
    assert row.versions.count() == 2


def test_restore_copies_an_earlier_version(acme: Organisation) -> None:
    first = create(acme)
    replace(acme, "Changed")
    row = FieldTemplate.objects.get()
    third = templates.restore(row=row, actor=acme.actor, number=1)
    assert (third.number, third.content, third.note) == (3, first.content, "Version 1 restored")
    row.refresh_from_db()
    assert (row.version, row.label) == (3, "acme")
    assert templates.restore(row=row, actor=acme.actor, number=3).pk == third.pk
    with pytest.raises(TemplateNotFound):
        templates.restore(row=row, actor=acme.actor, number=9)


def test_audit_holds_names_and_versions_alone(acme: Organisation) -> None:
    create(acme)
    replace(acme, "Changed")
    row = FieldTemplate.objects.get()
    templates.restore(row=row, actor=acme.actor, number=1)
    templates.delete(row=row, actor=acme.actor)
    entries = AuditEntry.objects.filter(action__startswith="template.").order_by("id")
    assert [(entry.action, entry.before, entry.after) for entry in entries] == [
        ("template.create", None, {"name": "acme", "version": 1}),
        ("template.update", {"name": "acme", "version": 1}, {"name": "acme", "version": 2}),
        ("template.restore", {"name": "acme", "version": 2}, {"name": "acme", "version": 3}),
        ("template.delete", {"name": "acme", "version": 3}, None),
    ]
    assert {entry.object_id for entry in entries} == {str(row.pk)}


def test_resolve_pins_own_templates_before_starters(
    acme: Organisation, stranger: Organisation
) -> None:
    create(acme)
    replace(acme, "Changed")
    assert templates.resolve(acme.tenant, "acme").name == "acme@2"
    assert templates.resolve(acme.tenant, "acme@1").name == "acme@1"
    starter = templates.resolve(acme.tenant, "invoice")
    assert (starter.name, starter.version) == ("invoice", None)
    create(acme, "invoice")
    assert templates.resolve(acme.tenant, "invoice").name == "invoice@1"
    assert templates.get(acme.tenant, "acme@1").label == "acme"
    for wanted in ("acme@3", "nothing", "receipt@1", "acme@", "acme@01", "ACME", "acme\n", ""):
        with pytest.raises(TemplateNotFound):
            templates.resolve(acme.tenant, wanted)
    with pytest.raises(TemplateNotFound):
        templates.resolve(stranger.tenant, "acme")


def test_chosen_is_the_newest_for_the_type(acme: Organisation, stranger: Organisation) -> None:
    sure = Classification("invoice", "Invoice", 0.9)
    assert templates.chosen(acme.tenant, sure, ()) is None
    create(acme, "one", document_type="invoice")
    create(acme, "two", document_type="invoice")
    create(acme, "slips", document_type="receipt")
    create(acme, "untyped")
    create(stranger, "foreign", document_type="invoice")
    chosen = templates.chosen(acme.tenant, sure, ())
    assert str(chosen) == "two@1"
    assert chosen is not None and chosen.fields[0].required
    templates.replace(
        tenant=acme.tenant,
        actor=None,
        template=templates.read_template(content("one", document_type="invoice", label="New")),
    )
    assert str(templates.chosen(acme.tenant, sure, ())) == "one@2"


def test_stored_content_that_is_no_template_any_more_is_not_chosen(acme: Organisation) -> None:
    version = create(acme, document_type="invoice")
    FieldTemplateVersion.objects.filter(pk=version.pk).update(content={"name": "acme"})
    sure = Classification("invoice", "Invoice", 0.9)
    assert templates.chosen(acme.tenant, sure, ()) is None


def test_what_is_exported_is_imported(acme: Organisation) -> None:
    for starter in starters():
        exported = template_to_dict(starter)
        beside = dict.fromkeys(templates.BESIDE)
        assert template_to_dict(templates.read_template({**exported, **beside})) == exported


@pytest.mark.parametrize(
    "data",
    [
        content("test"),
        content("propose"),
        content("acme\n"),
        {"name": "acme", "fields": [{"name": "vat_number", "pattern": "a\x00"}]},
        {"name": "acme", "fields": [{"name": "vat_number", "pattern": "\ud800"}]},
        content(odd=1),
        None,
        [],
        "text",
    ],
)
def test_refused(data: Any) -> None:
    with pytest.raises(InvalidTemplate):
        templates.read_template(data)


def test_name_in_the_address_and_the_body_must_agree() -> None:
    assert templates.read_template({"fields": [{"name": "iban"}]}, name="acme").name == "acme"
    with pytest.raises(InvalidTemplate):
        templates.read_template(content("other"), name="acme")


def test_template_too_large_is_refused_with_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(templates, "MAX_BYTES", 100)
    with pytest.raises(TemplateTooLarge) as caught:
        templates.read_template(content(label="x" * 100))
    assert caught.value.limit == 100
    assert caught.value.actual is not None and caught.value.actual > 100


def test_limits_are_held(acme: Organisation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(templates, "MAX_TEMPLATES", 1)
    monkeypatch.setattr(templates, "MAX_VERSIONS", 2)
    create(acme)
    with pytest.raises(TooManyTemplates) as many:
        create(acme, "second")
    assert (many.value.limit, many.value.actual) == (1, 2)
    replace(acme, "two")
    with pytest.raises(TooManyVersions) as versions:
        replace(acme, "three")
    assert (versions.value.limit, versions.value.actual) == (2, 3)
    assert FieldTemplateVersion.objects.count() == 2


def test_expected_version_must_be_the_newest(acme: Organisation) -> None:
    with pytest.raises(VersionConflict):
        replace(acme, "first", expected=1)
    create(acme)
    assert replace(acme, "two", expected=1).number == 2
    with pytest.raises(VersionConflict):
        replace(acme, "late", expected=1)
    with pytest.raises(TemplateExists):
        create(acme)
    assert FieldTemplate.objects.get().label == "two"


@pytest.mark.parametrize("expected", [None, 1])
def test_writers_at_the_same_time_do_not_lose_each_others_change(
    acme: Organisation, expected: int | None
) -> None:
    create(acme)
    begin, outcomes = threading.Barrier(4), []

    def write(label: str) -> None:
        try:
            begin.wait()
            outcomes.append(replace(acme, label, expected).number)
        except VersionConflict:
            outcomes.append(0)
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=(f"by {n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ([2, 3, 4, 5] if expected is None else [0, 0, 0, 2])
    row = FieldTemplate.objects.get()
    newest = row.versions.get(number=row.version)
    assert row.label == newest.content["label"]


def test_one_of_several_that_make_the_same_name_does(acme: Organisation) -> None:
    begin, outcomes = threading.Barrier(3), []

    def write() -> None:
        try:
            begin.wait()
            outcomes.append(create(acme).number)
        except TemplateExists:
            outcomes.append(0)
        finally:
            connection.close()

    threads = [threading.Thread(target=write) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [0, 0, 1]


@pytest.mark.usefixtures("files", "empty_queue")
def test_deleting_while_jobs_are_submitted_fails_neither_otherwise(acme: Organisation) -> None:
    outcomes: list[str] = []

    def submit() -> None:
        try:
            begin.wait()
            outcomes.append(str(make_job(acme, template="acme").template_version))
        except TemplateNotFound:
            outcomes.append("not found")
        finally:
            connection.close()

    for _ in range(8):
        create(acme)
        begin = threading.Barrier(4)
        threads = [threading.Thread(target=submit) for _ in range(3)]
        for thread in threads:
            thread.start()
        begin.wait()
        templates.delete(row=FieldTemplate.objects.get(), actor=acme.actor)
        for thread in threads:
            thread.join()
    assert len(outcomes) == 24
    assert set(outcomes) <= {"acme@1", "not found"}
    assert Job.objects.count() == outcomes.count("acme@1")
    assert not Job.objects.exclude(template_version=None).exists()


def test_deleting_takes_the_versions_along(acme: Organisation) -> None:
    create(acme)
    row = FieldTemplate.objects.get()
    templates.delete(row=row, actor=acme.actor)
    assert FieldTemplateVersion.objects.count() == 0
    with pytest.raises(TemplateNotFound):
        templates.delete(row=row, actor=acme.actor)
