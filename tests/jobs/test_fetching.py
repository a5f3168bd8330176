"""Documents by URL and inside JSON, as good as uploaded, or refused."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from pytest_django import Settings

from jobs import fetching
from jobs.errors import AddressRefused, Busy, FetchFailed, UploadTooLarge
from jobs.fetching import fetch
from jobs.models import CallbackSecret, Job, JobCallback
from jobs.uploads import HEAD_BYTES
from tests.jobs.hooking import ALLOWED
from tests.jobs.making import PDF, form_file
from tests.jobs.receiving import Receiver, answering, endless, receiver
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]
URL = "/api/v1/ocr/jobs"


@pytest.fixture
def site(settings: Settings) -> Iterator[Receiver]:
    """A server of documents that may be reached."""
    settings.FETCH_ALLOWED_HOSTS = ALLOWED
    with receiver() as running:
        running.behaviours["/a%20b.pdf"] = answering(200, PDF)
        yield running


def encoded(body: bytes) -> str:
    """The bytes in base64."""
    return base64.b64encode(body).decode()


def test_fetched_document_is_as_if_uploaded(site: Receiver) -> None:
    with fetch(f"{site.url}/a%20b.pdf?token=1") as upload:
        assert (upload.name, upload.size) == ("a b.pdf", len(PDF))
        assert upload.sha256 == hashlib.sha256(PDF).hexdigest()
        assert upload.head == PDF[:HEAD_BYTES]
        assert upload.read() == PDF
    assert "authorization" not in site.received[0].headers
    assert "cookie" not in site.received[0].headers


@pytest.mark.parametrize("kind", ["json", "multipart"])
def test_job_is_made_of_a_url(acme: Organisation, site: Receiver, kind: str) -> None:
    answer = acme.api().post(URL, {"url": f"{site.url}/a%20b.pdf", "pages": "1"}, format=kind)
    assert answer.status_code == 202, answer.json()
    body = answer.json()
    assert (body["name"], body["size"]) == ("a b.pdf", len(PDF))
    assert body["sha256"] == hashlib.sha256(PDF).hexdigest()
    assert body["options"]["pages"] == "1"


def test_job_is_made_of_json(acme: Organisation) -> None:
    sent = {
        "content": encoded(PDF),
        "name": "../of mine.pdf",
        "fields": ["iban", "total_amount"],
        "outputs": ["pdf"],
        "metadata": {"case": [1, {"a": None}]},
    }
    answer = acme.api().post(URL, sent, format="json")
    assert answer.status_code == 202, answer.json()
    job = Job.objects.get()
    assert (job.file.name, job.file.sha256) == ("of mine.pdf", hashlib.sha256(PDF).hexdigest())
    assert job.options["fields"] == ["iban", "total_amount"]
    assert job.metadata == {"case": [1, {"a": None}]}
    assert (
        acme.api().post("/api/v1/classify?wait=0", sent_only(sent), format="json").status_code
        == 202
    )


@pytest.mark.parametrize("name", ["..", ".", "/", "a/..", "%2e%2e", "\x00..", "a\u202efdp.exe"])
def test_name_that_is_no_file_name_is_none(acme: Organisation, name: str) -> None:
    client = acme.api()
    sent = client.post(URL, {"content": encoded(PDF), "name": name}, format="json")
    if "\x00" in name:
        assert (sent.status_code, sent.json()["code"]) == (400, "malformed_request")
    else:
        assert sent.status_code == 202, sent.json()
        assert not set(sent.json()["name"]) & set("/\\\u202e")


@pytest.mark.parametrize(
    "path", ["", "/", "/..", "/a/..", "/.", "/%2e%2e", "/%2e%2e?a.pdf", "/%00"]
)
def test_url_that_names_no_file_gives_a_name_that_files_may_have(path: str) -> None:
    assert fetching.name_of(f"https://files.example.com{path}") in ("document", "files.example.com")


def sent_only(sent: dict[str, Any]) -> dict[str, Any]:
    """The document alone."""
    return {"content": sent["content"]}


def test_large_content_goes_through_whole(acme: Organisation) -> None:
    body = PDF + b"%" * 1_500_001
    answer = acme.api().post(URL, {"content": encoded(body)}, format="json")
    assert answer.status_code == 202
    assert answer.json()["sha256"] == hashlib.sha256(body).hexdigest()


def test_callback_url_is_kept(acme: Organisation) -> None:
    sent = {"file": form_file(), "callback_url": "https://hooks.example.com/done"}
    answer = acme.api().post(URL, sent, format="multipart")
    assert answer.status_code == 202
    assert JobCallback.objects.get().job_id == Job.objects.get().pk
    assert CallbackSecret.objects.get().tenant == acme.tenant


def test_callback_url_that_may_not_be_reached_makes_no_job(acme: Organisation) -> None:
    for url in ("http://hooks.example.com/", "https://127.0.0.1/", "https://localhost/", "x"):
        sent = {"content": encoded(PDF), "callback_url": url}
        answer = acme.api().post(URL, sent, format="json")
        assert (answer.status_code, answer.json()["code"]) == (400, "address_refused")
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    "behaviour",
    [
        answering(404),
        answering(500),
        answering(204),
        answering(302, headers={"Location": "/a%20b.pdf"}),
        answering(200, PDF, {"Content-Encoding": "gzip"}),
        lambda handler: None,
    ],
)
def test_what_is_not_served_makes_no_job(
    acme: Organisation, site: Receiver, behaviour: Any
) -> None:
    site.behaviours["/x"] = behaviour
    answer = acme.api().post(URL, {"url": f"{site.url}/x"}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (422, "fetch_failed")
    assert not Job.objects.exists()
    assert site.paths() == ["/x"]


def test_too_large_a_document_is_not_read_to_its_end(site: Receiver, settings: Settings) -> None:
    site.behaviours["/told"] = answering(200, b"x" * 2000)
    site.behaviours["/endless"] = endless
    for path, limit in (("/told", 1999), ("/endless", 100_000)):
        with pytest.raises(UploadTooLarge) as refused:
            fetch(site.url + path, max_bytes=limit)
        assert refused.value.limit == limit
    settings.LIMITS = replace(settings.LIMITS, max_bytes=1000)
    with pytest.raises(UploadTooLarge):
        fetch(site.url + "/told")


def test_slow_server_is_given_up(site: Receiver, settings: Settings) -> None:
    settings.FETCH_SECONDS = 0.5
    for behaviour in (site.hanging, site.dripping):
        site.behaviours["/slow"] = behaviour
        begun = time.monotonic()
        with pytest.raises(FetchFailed, match="longer than"):
            fetch(f"{site.url}/slow")
        assert time.monotonic() - begun < 10


def test_private_address_is_not_reached(
    acme: Organisation, site: Receiver, settings: Settings
) -> None:
    settings.FETCH_ALLOWED_HOSTS = ()
    settings.WEBHOOK_ALLOWED_HOSTS = ALLOWED  # of webhooks alone
    settings.OUTBOUND_HTTP, settings.OUTBOUND_PORTS = True, (int(site.url.rsplit(":")[-1]),)
    for url in (site.url, site.url.replace("127.0.0.1", "localhost"), "https://[::1]/"):
        with pytest.raises(AddressRefused):
            fetch(url)
        answer = acme.api().post(URL, {"url": url}, format="json")
        assert (answer.status_code, answer.json()["code"]) == (400, "address_refused")
    assert site.connections == 0


def test_only_so_many_are_fetched_at_once(acme: Organisation, site: Receiver) -> None:
    held = 0
    while fetching.fetching.acquire(blocking=False):
        held += 1
    try:
        with pytest.raises(Busy):
            fetch(f"{site.url}/a%20b.pdf")
        answer = acme.api().post(URL, {"url": f"{site.url}/a%20b.pdf"}, format="json")
        assert (answer.status_code, answer.json()["code"]) == (503, "busy")
        assert int(answer["Retry-After"]) > 0
    finally:
        for _ in range(held):
            fetching.fetching.release()
    assert site.connections == 0
    fetch(f"{site.url}/a%20b.pdf").close()


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"content": "a", "url": "https://example.com/"},
        {"content": "not base64!"},
        {"content": "QUJD\nREVG"},
        {"content": "QUJ"},
        {"content": 7.5, "name": "x" * 256},
        {"content": ""},
        {"file": "text"},
        {"content": "QUJD", "fields": [["iban"]]},
        {"content": "QUJD", "metadata": [1]},
        [],
        "text",
    ],
)
def test_malformed_json_is_refused(acme: Organisation, sent: Any) -> None:
    answer = acme.api().post(URL, sent, format="json")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_option")
    assert not Job.objects.exists()


def test_document_in_json_has_a_limit_of_its_own(acme: Organisation, settings: Settings) -> None:
    settings.MAX_INLINE_BYTES = 1000
    for size in (1001, 200_000):
        answer = acme.api().post(URL, {"content": encoded(b"x" * size)}, format="json")
        assert (answer.status_code, answer.json()["code"]) == (413, "file_too_large")
        assert (answer.json()["limit"], answer.json()["actual"] > 1000) == (1000, True)
    answer = acme.api().post(URL, {"content": encoded(b"x" * 1000)}, format="json")
    assert answer.json()["code"] == "unsupported_type"
