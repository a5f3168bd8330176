"""Uploading on the pages: by address, by script, the sample, how far uploads are."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts.models import AuditEntry
from accounts.permissions import Role
from jobs import fetching, samples
from jobs.models import Job, Priority, Status
from tests.jobs.making import PDF, form_file, make_job, upload
from tests.jobs.reviewing import read_job
from tests.jobs.test_views import SCRIPT, browser, page, send, signed_in, text_of
from tests.people import Organisation

__all__ = ["browser"]
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]
ONCE = {"HTTP_IDEMPOTENCY_KEY": "one-two-three"}


def test_address_is_fetched_and_read(browser: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def fetch(url: str) -> Any:
        asked.append(url)
        return upload(PDF, "invoice.pdf")

    monkeypatch.setattr(fetching, "fetch", fetch)
    answer = send(browser, url=" https://example.com/invoice.pdf ")
    job = Job.objects.get()
    assert answer["Location"] == f"/jobs/{job.pk}"
    assert (asked, job.file.name) == (["https://example.com/invoice.pdf"], "invoice.pdf")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/x.pdf", "http://[::1]/", "file:///etc/passwd", "javascript:alert(1)"]
)
def test_address_within_is_refused_and_says_what_to_do(browser: Any, url: str) -> None:
    answer = send(browser, url=url, **SCRIPT)
    said = text_of(answer.content.decode())
    assert answer.status_code == 400
    assert "The address is not one that may be reached" in said
    assert "save the file and send that" in said
    assert not Job.objects.exists()


def test_document_sent_again_by_script_makes_one_job(browser: Any) -> None:
    answers = [send(browser, file=form_file(), **SCRIPT, **ONCE) for _ in range(2)]
    job = Job.objects.get()
    assert {(each.status_code, each["Location"]) for each in answers} == {(201, f"/jobs/{job.pk}")}
    other = send(browser, file=form_file(PDF + b"\n"), **SCRIPT, **ONCE)
    assert other.status_code == 409
    assert Job.objects.count() == 1


def test_priority_is_passed_on(browser: Any) -> None:
    send(browser, file=form_file(), priority="2")
    send(browser, file=form_file())
    assert list(Job.objects.order_by("pk").values_list("priority", flat=True)) == [
        Priority.LOW,
        Priority.NORMAL,
    ]


def test_full_queue_says_when_to_come_again(browser: Any, settings: Settings) -> None:
    settings.MAX_QUEUED = 0
    answer = send(browser, file=form_file(), **SCRIPT)
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")


def test_sample_is_a_job_as_any_other(browser: Any, acme: Organisation) -> None:
    answer = send(browser, "/jobs/sample")
    job = Job.objects.for_tenant(acme.tenant).get()
    assert (answer.status_code, answer["Location"]) == (302, f"/jobs/{job.pk}")
    assert (job.file.name, job.file.media_type) == (samples.NAME, "application/pdf")
    assert (job.created_by, job.options["preview"]) == (acme.owner, True)
    assert AuditEntry.objects.get(action="job.submit").user == acme.owner


def test_sample_is_the_one_of_the_demo() -> None:
    from demo import sample_invoice

    made, kept = sample_invoice.build(), samples.SAMPLE.read_bytes()
    assert abs(len(made) - len(kept)) < 20_000  # the same but for the versions of what draws it


@pytest.mark.parametrize("role", [Role.VIEWER, Role.REVIEWER])
def test_sample_is_not_for_those_who_only_look(role: Role, acme: Organisation) -> None:
    assert signed_in(acme.join(role)).post("/jobs/sample").status_code == 403
    assert not Job.objects.exists()


def test_progress_tells_of_own_jobs_alone(browser: Any, acme: Organisation) -> None:
    from tests.people import organisation

    running, failed = make_job(acme), make_job(acme, PDF + b"\n")
    Job.objects.filter(pk=running.pk).update(status=Status.RUNNING, pages_total=4, pages_done=1)
    error = {"code": "corrupt_document", "title": "x", "detail": "<b>Broken</b>"}
    Job.objects.filter(pk=failed.pk).update(status=Status.FAILED, error=error)
    foreign = make_job(organisation("stranger"))
    asked = [running.pk, failed.pk, foreign.pk, "nonsense"]
    html = page(browser, "/jobs/uploads?" + "&".join(f"job={pk}" for pk in asked), **SCRIPT)
    rows = re.findall(r'<li class="row" id="upload-([^"]+)"[^>]*?(data-ended)?>', html)
    assert rows == [(str(running.pk), ""), (str(failed.pk), "data-ended")]
    assert "1 of 4 pages" in text_of(html)
    assert 'max="4" value="1"' in html
    assert "&lt;b&gt;Broken&lt;/b&gt;" in html


def test_list_and_progress_say_what_to_check_and_lead_there(
    browser: Any, acme: Organisation
) -> None:
    job, viewer = read_job(acme), signed_in(acme.join(Role.VIEWER))
    for address in ("/jobs", f"/jobs/uploads?job={job.pk}"):
        html, seen = page(browser, address), page(viewer, address)
        assert "To be checked" in html
        assert f'href="/review/{job.pk}"' in html
        assert "To be checked" in seen
        assert "/review/" not in seen
        assert text_of(html).count("1 not found, ") == text_of(seen).count("1 not found, ") == 1


def test_progress_takes_the_same_queries_for_1_and_30_jobs(
    browser: Any, acme: Organisation
) -> None:
    counts, asked = [], []
    for jobs in (1, 29):
        asked += [f"job={make_job(acme).pk}" for _ in range(jobs)]
        with CaptureQueriesContext(connection) as queries:
            page(browser, "/jobs/uploads?" + "&".join(asked), **SCRIPT)
        counts.append(len(queries))
    assert counts[0] == counts[1]
