"""The list of jobs: filters, search, filters that are kept, many jobs at once."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEntry
from accounts.permissions import Role
from jobs import job_actions, selected
from jobs.errors import StorageUnavailable
from jobs.models import Job, SavedFilter
from tests.documents import text_pdf
from tests.jobs.batching import jobs_of, make_batch
from tests.jobs.making import make_job, run_job
from tests.jobs.reviewing import read_job
from tests.jobs.test_search import read
from tests.jobs.test_views import page, send, signed_in, text_of
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]


@pytest.fixture
def browser(acme: Organisation) -> Client:
    """The owner of acme, signed in."""
    return signed_in(acme.owner)


def listed(client: Client, query: str) -> set[str]:
    """The ids of the jobs that the list shows."""
    return set(re.findall(r'id="job-([\w-]+)"', page(client, f"/jobs?{query}")))


def by_api(organisation: Organisation, query: str) -> set[str]:
    """Those that the API lists."""
    answer = organisation.api().get(f"/api/v1/ocr/jobs?{query}")
    assert answer.status_code == 200, answer.content
    return {row["id"] for row in answer.json()["results"]}


# Filters ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "finds"),
    [
        ("q=alpha", "ab"),
        ("q=alpha+beta", "b"),
        ("q=alpha&status=failed", ""),
        ("status=queued", "w"),
        ("engine=text-layer", "a"),
        ("template=bills", "b"),
        ("template=bill", ""),
        ("template=bills%402", "b"),
        ("type=invoice", "a"),
        ("needs_review=true", "r"),
        ("by={key}", "abrwo"),
        ("by={owner}", ""),
        ("batch={batch}", ""),
    ],
)
def test_filters_of_page_and_api_are_the_same(
    acme: Organisation, browser: Client, query: str, finds: str
) -> None:
    jobs = {
        "o": make_job(acme),
        "a": read(acme, "Alpha", engine="text-layer"),
        "b": read(acme, "Alpha Beta"),
        "r": read_job(acme),
        "w": make_job(acme),
    }
    Job.objects.filter(pk=jobs["o"].pk).update(status="expired")
    Job.objects.filter(pk=jobs["a"].pk).update(classification={"kind": "invoice"})
    Job.objects.filter(pk__in=[jobs["b"].pk, jobs["r"].pk]).update(classification=None)
    Job.objects.filter(pk=jobs["b"].pk).update(template="bills@2")
    asked = query.format(key=acme.key.pk, owner=acme.owner.pk, batch=acme.tenant.pk)
    wanted = {str(jobs[name].pk) for name in finds}
    assert listed(browser, asked) == wanted
    assert by_api(acme, asked) == wanted


def test_time_filter_takes_whole_days(acme: Organisation, browser: Client) -> None:
    job = make_job(acme)
    today = timezone.now().date()
    for day, found in ((today, True), (today - timedelta(days=1), False)):
        assert bool(listed(browser, f"to={day}")) is found
        assert bool(by_api(acme, f"to={day}")) is found
    assert listed(browser, f"from={today}") == {str(job.pk)}
    assert by_api(acme, f"from={today + timedelta(days=1)}") == set()


@pytest.mark.parametrize(
    "query",
    ["status=lost", "type=poem", "by=me", "batch=1", "from=yesterday", "to=9999-12-31",
     "needs_review=maybe", "engine=" + "x" * 100, "q=" + "x" * 400],
)  # fmt: skip
def test_filters_that_cannot_be_are_400(acme: Organisation, browser: Client, query: str) -> None:
    assert browser.get(f"/jobs?{query}").status_code == 400
    answer = acme.api().get(f"/api/v1/ocr/jobs?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_option")


@pytest.mark.parametrize(
    "q", ["%00", "%00a", "'", "\\", "%3A*", "&|!", "(((", '"', "-", "%F0%9F%98%80"]
)
def test_search_takes_whatever_is_written(acme: Organisation, browser: Client, q: str) -> None:
    read(acme, "Alpha")
    assert browser.get(f"/jobs?q={q}").status_code == 200
    assert acme.api().get(f"/api/v1/ocr/jobs?q={q}").status_code == 200


def test_search_shows_the_place_and_only_text(acme: Organisation, browser: Client) -> None:
    job = read(acme, "Alpha <b>Beta</b> Gamma", name="<i>beta</i>.pdf")
    html = page(browser, "/jobs?q=beta")
    assert "&lt;b&gt;<mark>Beta</mark>&lt;/b&gt; Gamma" in html
    assert "&lt;i&gt;<mark>beta</mark>&lt;/i&gt;.pdf" in html
    assert str(job.pk) in html


def test_filters_in_use_are_chips_that_go_away(acme: Organisation, browser: Client) -> None:
    batch = make_batch(acme)
    html = page(browser, f"/jobs?q=pdf&engine=auto&batch={batch.pk}")
    said = text_of(html)
    assert "Search: pdf" in said
    assert "Batch: May" in said
    assert f'href="/jobs?q=pdf&amp;batch={batch.pk}"' in html
    assert 'class="card upload"' not in html
    assert len(listed(browser, f"batch={batch.pk}")) == 3


def test_list_counts_no_further_than_it_must(
    acme: Organisation, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        make_job(acme)
    assert "3 jobs" in text_of(page(browser, "/jobs"))
    monkeypatch.setattr("jobs.job_filters.newest_ids.__defaults__", (2,))
    assert "More than 2 jobs" in text_of(page(browser, "/jobs"))


def test_search_takes_the_same_queries_for_1_and_30_jobs(
    acme: Organisation, browser: Client
) -> None:
    counts = []
    for jobs in (1, 29):
        for _ in range(jobs):
            job_actions.cancel(make_job(acme), actor=acme.actor, address=None)
        with CaptureQueriesContext(connection) as queries:
            page(browser, "/jobs?q=pdf&engine=auto")
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_script_is_told_the_address_without_what_is_empty(
    acme: Organisation, browser: Client
) -> None:
    part = {"hx-request": "true"}
    answer = browser.get("/jobs?q=a&engine=&from=", headers={**part, "hx-trigger": "find"})
    assert answer["HX-Replace-Url"] == "/jobs?q=a"
    assert "HX-Replace-Url" not in browser.get("/jobs?q=a", headers=part)


# Filters that are kept ----------------------------------------------------------------------


def test_filter_is_kept_shared_and_deleted(acme: Organisation, browser: Client) -> None:
    answer = send(
        browser, "/jobs/filters", name=" Failed ", query="status=failed&x=1&before=2", shared="1"
    )
    assert answer["Location"] == "/jobs?status=failed"
    row = SavedFilter.objects.get()
    assert (row.name, row.query, row.user, row.shared) == (
        "Failed",
        "status=failed",
        acme.owner,
        True,
    )
    member = signed_in(acme.join(Role.MEMBER))
    html = page(member, "/jobs")
    assert 'href="/jobs?status=failed">Failed</a>' in html
    assert f"/jobs/filters/{row.pk}/delete" not in html
    assert send(member, f"/jobs/filters/{row.pk}/delete").status_code == 404
    assert send(browser, f"/jobs/filters/{row.pk}/delete").status_code == 302
    assert not SavedFilter.objects.exists()
    kept = AuditEntry.objects.filter(action__startswith="filter.").order_by("pk")
    assert list(kept.values_list("action", flat=True)) == ["filter.save", "filter.delete"]


def test_own_filter_is_nobody_elses(acme: Organisation, browser: Client) -> None:
    viewer = signed_in(acme.join(Role.VIEWER))
    assert send(viewer, "/jobs/filters", name="Mine", query="q=secret").status_code == 302
    assert "Mine" in page(viewer, "/jobs")
    assert "q=secret" not in page(browser, "/jobs")
    row = SavedFilter.objects.get()
    assert send(browser, f"/jobs/filters/{row.pk}/delete").status_code == 404
    assert send(viewer, "/jobs/filters", name="a", query="q=b", shared="1").status_code == 403


@pytest.mark.parametrize("data", [{"name": "", "query": "q=a"}, {"name": "x", "query": ""},
                                  {"name": "x", "query": "status=lost"}])  # fmt: skip
def test_filter_without_name_or_sense_is_400(browser: Client, data: dict[str, str]) -> None:
    assert send(browser, "/jobs/filters", **data).status_code == 400


# Many at once -------------------------------------------------------------------------------


def test_ticked_jobs_are_deleted_after_the_question(acme: Organisation, browser: Client) -> None:
    jobs = [make_job(acme) for _ in range(3)]
    ticked = [str(job.pk) for job in jobs[:2]]
    asked = send(browser, "/jobs/selected", action="delete", job=ticked, query="status=queued")
    html = asked.content.decode()
    assert "Delete 2 jobs?" in text_of(html)
    assert Job.objects.count() == 3
    ids = re.search(r'name="ids" value="([^"]+)"', html)
    assert ids
    assert set(ids[1].split(",")) == set(ticked)
    done = send(
        browser, "/jobs/selected", action="delete", ids=ids[1], confirmed="1", query="status=queued"
    )
    assert done["Location"] == "/jobs?status=queued"
    assert Job.objects.get() == jobs[2]
    assert "2 jobs were deleted with their results." in text_of(page(browser, "/jobs"))
    rows = AuditEntry.objects.filter(action="job.delete")
    assert {(row.object_id, row.user) for row in rows} == {(pk, acme.owner) for pk in ticked}


def test_all_that_match_are_those_of_the_question(
    acme: Organisation, browser: Client, stranger: Organisation
) -> None:
    mine, foreign = make_job(acme), make_job(stranger)
    asked = send(browser, "/jobs/selected", action="cancel", all="1", query="status=queued")
    later = make_job(acme)
    ids = re.search(r'name="ids" value="([^"]+)"', asked.content.decode())
    assert ids
    assert ids[1] == str(mine.pk)
    both = f"{ids[1]},{foreign.pk}"
    send(browser, "/jobs/selected", action="cancel", ids=both, confirmed="1")
    states = {job.pk: job.status for job in Job.objects.all()}
    assert states == {mine.pk: "cancelled", later.pk: "queued", foreign.pk: "queued"}


def test_what_cannot_be_done_is_told_of_each(
    acme: Organisation, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, ended = make_job(acme), read(acme, "Alpha", name="ended.pdf")
    ids = f"{good.pk},{ended.pk}"
    answer = send(browser, "/jobs/selected", action="cancel", ids=ids, confirmed="1")
    said = text_of(answer.content.decode())
    assert "1 job was cancelled." in said
    assert "1 job stays as it was" in said
    assert "ended.pdf : The job has ended already" in said
    again = send(browser, "/jobs/selected", action="retry", ids=ids, confirmed="1")
    assert "ended.pdf : Every page" in text_of(again.content.decode())
    good.refresh_from_db()
    assert good.status == "queued"

    def away(*args: Any) -> None:
        raise StorageUnavailable()

    monkeypatch.setattr("jobs.removal.remove_files", away)
    kept = send(browser, "/jobs/selected", action="delete", ids=ids, confirmed="1")
    assert "2 jobs stay as they were" in text_of(kept.content.decode())
    assert Job.objects.count() == 2


def test_what_takes_long_goes_on_by_another_request(
    acme: Organisation, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selected, "SECONDS", -1)
    job = make_job(acme)
    answer = send(browser, "/jobs/selected", action="delete", ids=str(job.pk), confirmed="1")
    assert "1 job is left" in text_of(answer.content.decode())
    assert f'name="ids" value="{job.pk}"' in answer.content.decode()


def test_more_than_are_taken_at_once_are_told(
    acme: Organisation, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        make_job(acme)
    monkeypatch.setattr("jobs.job_filters.newest_ids.__defaults__", (2,))
    asked = send(browser, "/jobs/selected", action="delete", all="1")
    said = text_of(asked.content.decode())
    assert "Delete 2 jobs?" in said
    assert "More jobs match" in said


@pytest.mark.parametrize("wanted", ["fields", "txt"])
def test_results_are_downloaded_in_one_file(
    acme: Organisation, browser: Client, wanted: str
) -> None:
    text = "Invoice number: A-17\n\nTotal amount: EUR 12.50"
    job, waits = read(acme, text, fields=("invoice_number",)), make_job(acme)
    asked = send(browser, "/jobs/selected", action="download", job=[str(job.pk), str(waits.pk)])
    assert "Download the results of 2 jobs" in text_of(asked.content.decode())
    ids = f"{job.pk},{waits.pk}"
    answer = send(
        browser, "/jobs/selected", action="download", ids=ids, confirmed="1", format=wanted
    )
    body = b"".join(answer.streaming_content)
    answer.close()
    if wanted == "fields":
        rows = list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline="")))
        assert [(row["status"], row["invoice_number"]) for row in rows] == [
            ("queued", ""), ("succeeded", "A-17")
        ]  # fmt: skip
    else:
        names = zipfile.ZipFile(io.BytesIO(body)).namelist()
        assert names == ["002-a/result.txt", "errors.csv"]
    entries = AuditEntry.objects.filter(action="job.download", after__file=wanted)
    assert {row.object_id for row in entries} == {str(job.pk), str(waits.pk)}


def test_result_that_goes_with_its_first_delivery_goes_with_the_zip(
    acme: Organisation, browser: Client
) -> None:
    job = read(acme, "Alpha")
    Job.objects.filter(pk=job.pk).update(retention_hours=0)
    answer = send(
        browser,
        "/jobs/selected",
        action="download",
        ids=str(job.pk),
        confirmed="1",
        format="json",
    )
    assert b"".join(answer.streaming_content)
    answer.close()
    job.refresh_from_db()
    assert job.status == "expired"


@pytest.mark.parametrize(
    ("role", "may"), [(Role.VIEWER, {"download"}), (Role.REVIEWER, {"download"}),
                      (Role.MEMBER, {"download", "retry", "cancel", "delete"})],
)  # fmt: skip
def test_roles_are_offered_and_allowed_the_same(
    acme: Organisation, role: Role, may: set[str]
) -> None:
    job = make_job(acme)
    client = signed_in(acme.join(role))
    html = page(client, "/jobs")
    offered = {action for action in selected.NEEDS if f'value="{action}"' in html}
    allowed = {
        action
        for action in selected.NEEDS
        if send(client, "/jobs/selected", action=action, job=str(job.pk)).status_code == 200
    }
    assert offered == allowed == may


def test_nothing_ticked_or_nothing_known_does_nothing(acme: Organisation, browser: Client) -> None:
    job = make_job(acme)
    assert send(browser, "/jobs/selected", action="delete", confirmed="1").status_code == 302
    for wrong in ({"action": "explode", "job": str(job.pk)}, {"action": "delete", "job": "1"}):
        assert send(browser, "/jobs/selected", **wrong).status_code == 400
    none = {"action": "download", "job": str(job.pk), "confirmed": "1", "format": "exe"}
    assert send(browser, "/jobs/selected", **none).status_code == 400
    assert Job.objects.count() == 1


def test_documents_of_a_batch_are_found_by_it(acme: Organisation, browser: Client) -> None:
    batch = make_batch(acme, [text_pdf(["Alpha"]), text_pdf(["Beta"])])
    for job in jobs_of(batch):
        run_job(str(job.pk))
    make_job(acme)
    first = jobs_of(batch)[0]
    assert by_api(acme, f"batch={batch.pk}&q=alpha") == {str(first.pk)}
