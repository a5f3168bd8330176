"""accounts/admin_lists.py, accounts/admin_paging.py: large lists, looked into by indexes."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import admin_paging
from accounts.admin_lists import LargeListAdmin
from accounts.models import Tenant, User
from jobs.models import Job, StoredFile
from tests.jobs.making import make_job
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]


def found(text: str) -> set[Job]:
    """The jobs that the search of their list finds."""
    jobs = admin.site.get_model_admin(Job)
    assert isinstance(jobs, LargeListAdmin)
    request = RequestFactory().get("/")
    return set(jobs.get_search_results(request, Job.objects.all(), text)[0])


def test_search_finds_ids_organisations_and_names_within_one(
    acme: Organisation, stranger: Organisation
) -> None:
    first, second, other = make_job(acme), make_job(acme), make_job(stranger)
    StoredFile.objects.filter(pk=second.file_id).update(name="Invoice 7.pdf")
    assert found("") == {first, second, other}
    assert found(f" {first.pk} ") == {first}
    assert found(str(acme.tenant.pk)) == {first, second}
    assert found("acme") == found("ACME") == {first, second}
    assert found("acme, invoice") == {second}
    assert found("acme, " + first.file.sha256) == {first, second}
    for nothing in ("invoice", "a.pdf", "acm", "nobody, invoice", "a\0b", "%"):
        assert found(nothing) == set(), nothing


def test_list_says_that_there_are_more_than_it_counts(
    client: Client, acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.force_login(User.objects.create_superuser("op@example.com", "x"))
    make_job(acme)
    address = reverse("admin:jobs_job_changelist")
    assert "1 result" in client.get(address).content.decode()
    monkeypatch.setattr(admin_paging, "MOST_COUNTED", 1)
    assert "1 or more" in client.get(address).content.decode()
    with CaptureQueriesContext(connection) as queries:
        client.get(address)
    counts = [each["sql"] for each in queries if "COUNT(" in each["sql"].upper()]
    assert counts == []


def test_counting_that_takes_long_is_given_up(
    acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin_paging, "MOST_MILLISECONDS", 20)
    slow = Tenant.objects.extra(where=["pg_sleep(1) IS NOT NULL"])
    assert admin_paging.CappedPaginator(slow, 100).count == admin_paging.MOST_COUNTED
    assert admin_paging.CappedPaginator(Tenant.objects.all(), 100).count == 1
