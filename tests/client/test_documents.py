"""Documents through either client: sent, waited for, read, corrected, deleted."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from jobs.models import Job as Row
from ocrsite_client import (
    ApiError,
    Client,
    Conflict,
    JobFailed,
    NotAuthenticated,
    NotFound,
    WaitTimeout,
)
from tests.client.sites import INVOICE, NOTHING, OPTIONS
from tests.jobs.hooking import ALLOWED
from tests.people import Organisation


def test_document_is_sent_read_and_saved(either: Any, tmp_path: Path) -> None:
    path = tmp_path / "may.pdf"
    path.write_bytes(INVOICE)
    job = either.submit(
        path, metadata={"case": "A-17"}, priority="high", outputs=["pdf"], **OPTIONS
    )
    assert (job.name, job.data["metadata"], job.data["priority"]) == (
        "may.pdf",
        {"case": "A-17"},
        "high",
    )
    ended = either.wait(job)
    assert (ended.status, ended.pages_done, ended.pages_failed) == ("succeeded", 1, 0)
    assert ended.has_result
    result = either.result(job)
    found = {field["name"]: field["value"] for field in result["fields"]}
    assert found == {
        "invoice_number": "A-4711",
        "total_amount": {"amount": "119.00", "currency": "EUR"},
    }
    assert "A-4711" in either.text(job, "txt")
    saved = either.download(job.id, tmp_path / "may.json")
    assert json.loads(saved.read_text()) == result
    assert either.download(job, tmp_path / "searchable", "pdf").read_bytes()[:5] == b"%PDF-"
    assert sorted(each.name for each in tmp_path.glob("*may*")) == ["may.json", "may.pdf"]
    assert [page["status"] for page in either.pages(job)] == ["done"]
    assert either.page(job, 1)["number"] == 1
    events = list(either.events(job))
    assert [event.name for event in events] == ["page", "end"]
    assert list(either.events(job, last=events[-1].id)) == []
    assert [each.id for each in either.jobs(status="succeeded", page_size=1)] == [job.id]
    links = either.links(job, ["original"])["links"]
    assert httpx2.get(links["original"]).content == INVOICE
    either.delete(job)
    with pytest.raises(NotFound):
        either.job(job)


def test_documents_come_as_bytes_files_pipes_and_addresses(
    site: Client, tmp_path: Path, settings: Any
) -> None:
    settings.FETCH_ALLOWED_HOSTS = (*ALLOWED, "localhost")
    opened = io.BytesIO(INVOICE)
    opened.read(100)  # sent from its beginning all the same
    pipe = io.BytesIO(INVOICE)
    pipe.seekable = lambda: False  # type: ignore[method-assign]
    jobs = [
        site.submit(str(_written(tmp_path)), **OPTIONS),
        site.submit(INVOICE, name="bytes.pdf", **OPTIONS),
        site.submit(opened, **OPTIONS),
        site.submit(pipe, **OPTIONS),
    ]
    link = site.links(site.wait(jobs[0]), ["original"])["links"]["original"]
    jobs.append(site.submit(link, name="fetched.pdf", **OPTIONS))
    ended = [site.wait(job) for job in jobs]
    assert [(job.status, job.data["size"]) for job in ended] == [("succeeded", len(INVOICE))] * 5
    assert [job.name for job in ended] == [
        "some.pdf", "bytes.pdf", "document", "document", "fetched.pdf"
    ]  # fmt: skip
    everything = [job.id for job in site.jobs(page_size=2)]
    assert everything == [job.id for job in reversed(jobs)]


def _written(folder: Path) -> Path:
    path = folder / "some.pdf"
    path.write_bytes(INVOICE)
    return path


def test_fields_are_looked_at_corrected_and_confirmed(site: Client) -> None:
    result = site.read(INVOICE, **OPTIONS)
    assert result["fields"][0]["value"] == "A-4711"
    job = next(site.jobs())
    fields = {field["name"]: field for field in site.fields(job)}
    assert fields["invoice_number"]["status"] == "read"
    corrected = site.correct(job, "invoice_number", version=0, raw="A-4712", note="stamped over")
    assert (corrected["value"], corrected["status"]) == ("A-4712", "corrected")
    with pytest.raises(Conflict) as refused:
        site.correct(job, "invoice_number", version=0, raw="A-4713")
    assert (refused.value.code, refused.value.actual) == ("version_conflict", 1)
    assert [each["version"] for each in site.field(job, "invoice_number")["history"]] == [0, 1]
    review = site.review(job)
    confirmed = site.confirm(job, review["version"])
    assert confirmed["status"] == "confirmed"
    assert [each["job"] for each in site.reviews(status="confirmed")] in ([], [job.id])


def test_what_is_refused_or_fails_says_why(either: Any, address: str, stranger: Any) -> None:
    with pytest.raises(ApiError) as refused:
        either.submit(b"no document", name="a.pdf")
    assert (refused.value.status, refused.value.code) == (415, "unsupported_type")
    with pytest.raises(ApiError, match="invalid_option") as wrong:
        either.submit(NOTHING, dpi=5)
    assert "dpi" in wrong.value.errors
    with pytest.raises(JobFailed) as failed:
        either.read(NOTHING[:200], name="cut.pdf", engine="text-layer")
    assert failed.value.job.status == "failed"
    assert failed.value.job.error
    with pytest.raises(Conflict) as early:
        either.text(failed.value.job)
    assert early.value.code == "no_result"
    with Client(address, stranger.raw_key) as other, pytest.raises(NotFound):
        other.job(failed.value.job)
    with Client(address, "ocrs_wrong") as nobody, pytest.raises(NotAuthenticated):
        nobody.me()


def test_job_is_waited_for_cancelled_and_tried_again(
    transactional_db: None, live_server: Any, files: Path, empty_queue: None, acme: Organisation
) -> None:
    with Client(live_server.url, acme.raw_key) as site:  # no worker
        job = site.submit(NOTHING, engine="text-layer")
        with pytest.raises(WaitTimeout) as over:
            site.wait(job, timeout=0.3)
        assert over.value.last["status"] == "queued"
        assert site.cancel(job).status == "cancelled"
        assert site.retry(job).status == "queued"


def test_type_of_a_document_is_told(site: Client) -> None:
    job = site.wait(site.classify(INVOICE, engine="text-layer"))
    assert job.data["classification"]["kind"] == "invoice"
    assert len(job.data["documents"]) == 1


def test_answer_that_gets_lost_makes_no_second_job(address: str, acme: Organisation) -> None:
    lost: list[str] = []

    class Lossy(httpx2.HTTPTransport):
        """Loses the first answer, when the site has done its work."""

        def handle_request(self, request: httpx2.Request) -> httpx2.Response:
            response = super().handle_request(request)
            if not lost:
                lost.append(request.headers["Idempotency-Key"])
                response.close()
                raise httpx2.ReadError("the connection broke")
            assert request.headers["Idempotency-Key"] == lost[0]
            return response

    with Client(address, acme.raw_key, http=httpx2.Client(transport=Lossy())) as site:
        job = site.submit(INVOICE, **OPTIONS)
    assert len(lost) == 1
    assert [str(row.pk) for row in Row.objects.all()] == [job.id]


def test_site_is_asked_about_the_rest(site: Client, acme: Organisation) -> None:
    assert site.me()["tenant"]["slug"] == "acme"
    assert site.health()["status"] in ("ok", "degraded")
    assert site.usage(by="day")["total"]["open"] == 0
    assert "text-layer" in {engine["name"] for engine in site.models()["engines"]}
    assert site.catalogue("payslip")["document_types"]
    starters = [template["name"] for template in site.templates()]
    template = site.template(starters[0])
    own = site.put_template("ours", {**template, "name": "ours", "label": "Ours"})
    assert (own["version"], site.template("ours", 1)["label"]) == (1, "Ours")
    assert site.request("GET", "organisation/settings")["name"] == acme.tenant.name
    changed = site.request("PATCH", "organisation/settings", json={"default_dpi": 300})
    assert changed["default_dpi"] == 300
