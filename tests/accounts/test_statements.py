"""Several statements in one go."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts import audit
from accounts.models import AuditEntry, Tenant
from accounts.statements import Statements
from jobs.models import Job, StoredFile, Task
from tests.people import Organisation

pytestmark = pytest.mark.django_db


def test_rows_are_inserted_as_the_orm_does_and_questions_answered(acme: Organisation) -> None:
    file = StoredFile(tenant=acme.tenant, key="k", name="a'b%s;--", media_type="x/y", size=3)
    job = Job(tenant=acme.tenant, file=file, engine="auto", options={"pages": "1 % 2"})
    task = Task(tenant=acme.tenant, job=job, pool="cpu", numbers=[1, 2])
    other = Task(tenant=acme.tenant, job=job, pool="cpu", numbers=[])
    sent = Statements()
    sent.insert(file)
    sent.insert(job)
    before = sent.ask("SELECT count(*) FROM jobs_task")
    for row in (task, other, audit.entry(actor=None, tenant=acme.tenant, action="a.b", obj=job)):
        sent.insert(row)
    after = sent.ask("SELECT numbers, %s FROM jobs_task ORDER BY id", ["%"])
    with CaptureQueriesContext(connection) as queries:
        sent.run()
    assert len(queries) == 1
    assert (before, after) == ([(0,)], [([1, 2], "%"), ([], "%")])
    kept = Job.objects.select_related("file").get()
    for field in Job._meta.concrete_fields:
        assert getattr(kept, field.attname) == getattr(job, field.attname), field.name
    assert (kept.file.name, kept._state.adding, job._state.adding) == (file.name, False, False)
    due, created = Task.objects.values_list("due_at", "created_at")[0]
    assert due == created, "the database's"
    assert AuditEntry.objects.get(action="a.b").object_id == str(job.pk)


def test_the_first_that_fails_raises_and_nothing_is_kept(acme: Organisation) -> None:
    values: dict[str, Any] = {"tenant": acme.tenant, "key": "k", "size": 1}
    sent = Statements()
    sent.insert(StoredFile(name="first", **values))
    sent.insert(StoredFile(name="second", **values))
    with pytest.raises(IntegrityError), transaction.atomic():
        sent.run()
    assert not StoredFile.objects.exists()
    assert Tenant.objects.exists(), "the connection still serves"
