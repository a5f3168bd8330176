"""Batches by URL: fetched a few at once, each refused by itself, all within their time."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
from pytest_django import Settings

from jobs import batch_fetching
from jobs.models import Batch, IdempotencyKey, Job, StoredFile
from tests.documents import text_pdf
from tests.jobs.batching import URL, jobs_of, run_all
from tests.jobs.hooking import ALLOWED
from tests.jobs.making import PDF, form_file
from tests.jobs.receiving import Behaviour, Receiver, answering, endless, receiver
from tests.jobs.zips import zipped
from tests.listening import web_server
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]


@pytest.fixture
def site(settings: Settings) -> Iterator[Receiver]:
    """A server of documents that may be reached."""
    settings.FETCH_ALLOWED_HOSTS = ALLOWED
    with receiver() as running:
        for name in "ab":
            running.behaviours[f"/{name}.pdf"] = answering(200, text_pdf([f"Document {name}"]))
        yield running


@pytest.fixture(autouse=True)
def temporary(settings: Settings, tmp_path: Path) -> Iterator[Path]:
    """Where documents lie while they are received: nothing is left there."""
    folder = tmp_path / "receiving"
    folder.mkdir()
    settings.FILE_UPLOAD_TEMP_DIR = str(folder)
    yield folder
    assert list(folder.iterdir()) == []


def submit(organisation: Organisation, urls: list[Any], **more: Any) -> Any:
    """Submit a batch of these URLs as JSON."""
    key = {"Idempotency-Key": more.pop("key")} if "key" in more else {}
    return organisation.api().post(URL, {"urls": urls, **more}, format="json", headers=key)


def refusals(body: dict[str, Any]) -> dict[str, str]:
    """Codes by name of what was refused."""
    return {row["name"]: row["error"]["code"] for row in body["items"] if row["error"]}


def kept(folder: Path) -> int:
    """How many files are stored."""
    return sum(path.is_file() for path in folder.rglob("*"))


def test_urls_become_jobs_in_their_order(acme: Organisation, site: Receiver, files: Path) -> None:
    site.behaviours["/slow.pdf"] = answering(200, PDF, after=0.3)
    urls = [f"{site.url}/slow.pdf?token=1", {"url": f"{site.url}/a.pdf", "name": "../of mine.pdf"}]
    answer = submit(acme, urls, name="May", metadata={"case": 7}, fields=["iban"], pages="1")
    assert answer.status_code == 202, answer.json()
    body = answer.json()
    assert (body["name"], body["metadata"]) == ("May", {"case": 7})
    assert [(item["position"], item["name"], item["status"]) for item in body["items"]] == [
        (1, "slow.pdf", "queued"),
        (2, "of mine.pdf", "queued"),
    ]
    batch = Batch.objects.get()
    assert {tuple(job.options["fields"]) for job in jobs_of(batch)} == {("iban",)}
    assert kept(files) == 2
    run_all(batch)
    assert acme.api().get(answer["Location"]).json()["documents"] == {"total": 2, "succeeded": 2}
    assert "token" not in str(Batch.objects.values()) + str(Job.objects.values())


def test_archive_by_url_comes_apart_and_urls_follow_the_files_of_a_form(
    acme: Organisation, site: Receiver
) -> None:
    archive = zipped({"in/c.pdf": PDF, "d.txt": b"text"})
    site.behaviours["/all"] = answering(200, archive)
    sent = {
        "files": [form_file(PDF, "first.pdf")],
        "urls": [f"{site.url}/all", f"{site.url}/a.pdf"],
    }
    body = acme.api().post(URL, sent, format="multipart").json()
    assert [(item["name"], item["status"]) for item in body["items"]] == [
        ("first.pdf", "queued"),
        ("c.pdf", "queued"),
        ("d.txt", "refused"),
        ("a.pdf", "queued"),
    ]


def test_url_that_fails_refuses_that_document_alone(
    acme: Organisation, site: Receiver, settings: Settings, files: Path
) -> None:
    settings.LIMITS = replace(settings.LIMITS, max_bytes=100_000)
    settings.FETCH_SECONDS = 0.5
    site.behaviours |= {
        "/missing.pdf": answering(404),
        "/moved.pdf": answering(302, headers={"Location": "/a.pdf"}),
        "/large.pdf": endless,
        "/words.txt": answering(200, b"just some text"),
        "/empty.pdf": answering(200),
        "/hangs.pdf": site.hanging,
        "/drips.pdf": site.dripping,
    }
    urls: list[Any] = [site.url + path for path in sorted(site.behaviours)]
    urls += [{"url": "no url", "name": "mine.pdf"}, "https://localhost/secret.pdf"]
    answer = submit(acme, urls)
    assert answer.status_code == 202, answer.json()
    assert refusals(answer.json()) == {
        "missing.pdf": "fetch_failed",
        "moved.pdf": "fetch_failed",
        "large.pdf": "file_too_large",
        "words.txt": "unsupported_type",
        "empty.pdf": "empty_document",
        "hangs.pdf": "fetch_failed",
        "drips.pdf": "fetch_failed",
        "mine.pdf": "address_refused",
        "secret.pdf": "address_refused",
    }
    assert answer.json()["documents"] == {"total": 11, "queued": 2, "refused": 9}
    assert kept(files) == 2


def test_nothing_fetched_is_400_with_each_reason_and_leaves_nothing(
    acme: Organisation, site: Receiver, files: Path
) -> None:
    site.behaviours["/x"] = answering(500)
    answer = submit(acme, [f"{site.url}/x", f"{site.url}/x"])
    assert (answer.status_code, answer.json()["code"]) == (400, "nothing_accepted")
    rows = answer.json()["errors"]["files"]
    assert [(row["position"], row["error"]["code"]) for row in rows] == [
        (1, "fetch_failed"),
        (2, "fetch_failed"),
    ]
    assert not Batch.objects.exists()
    assert kept(files) == 0


def test_private_addresses_are_not_reached(
    acme: Organisation, site: Receiver, settings: Settings
) -> None:
    settings.FETCH_ALLOWED_HOSTS = ()
    settings.WEBHOOK_ALLOWED_HOSTS = ALLOWED  # of webhooks alone
    settings.OUTBOUND_HTTP, settings.OUTBOUND_PORTS = True, (int(site.url.rsplit(":")[-1]),)
    port = settings.OUTBOUND_PORTS[0]
    urls = [
        f"{site.url}/a.pdf",
        f"http://localhost:{port}/a.pdf",
        f"http://[::1]:{port}/a.pdf",
        f"http://[::ffff:127.0.0.1]:{port}/a.pdf",
        f"http://2130706433:{port}/a.pdf",
        f"http://0x7f.1:{port}/a.pdf",
        f"http://user@127.0.0.1:{port}/a.pdf",
        f"http://169.254.169.254:{port}/latest/meta-data/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
    ]
    answer = submit(acme, urls)
    assert (answer.status_code, answer.json()["code"]) == (400, "nothing_accepted")
    rows = answer.json()["errors"]["files"]
    assert [row["error"]["code"] for row in rows] == ["address_refused"] * len(urls)
    assert site.connections == 0


def test_few_are_fetched_at_once(acme: Organisation, site: Receiver, settings: Settings) -> None:
    settings.BATCH_FETCH_THREADS = 3
    lock, now, most = threading.Lock(), 0, 0
    serve = answering(200, PDF)

    def counted(handler: BaseHTTPRequestHandler) -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.1)
        with lock:
            now -= 1
        serve(handler)

    site.behaviours["/c.pdf"] = counted
    body = submit(acme, [f"{site.url}/c.pdf"] * 9).json()
    assert (body["documents"], most) == ({"total": 9, "queued": 9}, 3)


@pytest.mark.parametrize("how", ["hanging", "late"])
def test_what_is_not_there_in_time_is_refused(
    acme: Organisation, site: Receiver, settings: Settings, how: str
) -> None:
    settings.BATCH_FETCH_THREADS, settings.BATCH_FETCH_SECONDS = 2, 1.0
    slow: Behaviour = site.hanging if how == "hanging" else answering(200, PDF, after=0.7)
    site.behaviours["/slow.pdf"] = slow
    begun = time.monotonic()
    body = submit(acme, [f"{site.url}/a.pdf", *[f"{site.url}/slow.pdf"] * 8]).json()
    assert time.monotonic() - begun < 5
    errors = [row["error"] for row in body["items"] if row["error"]]
    assert {(error["code"], error["limit"]) for error in errors} == {("fetch_timeout", 1.0)}
    assert body["items"][0]["status"] == "queued"
    assert 6 <= len(errors) <= 8


def test_bytes_together_are_bounded(acme: Organisation, site: Receiver, settings: Settings) -> None:
    settings.MAX_BATCH_BYTES, settings.BATCH_FETCH_THREADS = 3_000_000, 1
    site.behaviours["/big.pdf"] = answering(200, PDF + b" " * 1_400_000)
    body = submit(acme, [*[f"{site.url}/big.pdf"] * 3, f"{site.url}/a.pdf"]).json()
    assert [item["status"] for item in body["items"]] == ["queued", "queued", "refused", "queued"]
    assert refusals(body) == {"big.pdf": "batch_too_large"}
    form = {"files": [form_file(PDF + b" " * 1_400_000)], "urls": [f"{site.url}/big.pdf"] * 2}
    body = acme.api().post(URL, form, format="multipart").json()
    assert [item["status"] for item in body["items"]] == ["queued", "queued", "refused"]
    assert refusals(body) == {"big.pdf": "batch_too_large"}


def test_more_urls_than_allowed_are_413_and_none_is_fetched(
    acme: Organisation, site: Receiver, settings: Settings
) -> None:
    settings.MAX_BATCH_FILES = 3
    for urls in ([f"{site.url}/a.pdf"] * 4, [{"no": "url"}] * 5):
        answer = submit(acme, urls)
        assert (answer.status_code, answer.json()["code"]) == (413, "too_many_files")
        assert (answer.json()["limit"], answer.json()["actual"]) == (3, len(urls))
    assert site.connections == 0


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"urls": []},
        {"urls": "https://example.com/a.pdf"},
        {"urls": [7.5, {"url": ""}]},
        {"urls": [None]},
        {"urls": [["https://example.com/"]]},
        {"urls": [{"name": "a.pdf"}]},
        {"urls": [{"url": "https://example.com/", "name": "x" * 256}]},
        {"files": ["text"]},
        [],
        "text",
    ],
)
def test_malformed_json_is_refused(acme: Organisation, sent: Any) -> None:
    answer = acme.api().post(URL, sent, format="json")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_option")
    assert not Batch.objects.exists()


def test_options_are_checked_before_anything_is_fetched(acme: Organisation, site: Receiver) -> None:
    answer = submit(acme, [f"{site.url}/a.pdf"], template="no-such")
    assert (answer.status_code, answer.json()["code"]) == (400, "template_not_found")
    assert site.connections == 0


def test_same_request_again_fetches_nothing(acme: Organisation, site: Receiver) -> None:
    urls = [f"{site.url}/a.pdf", {"url": f"{site.url}/b.pdf", "name": "B"}]
    first = submit(acme, urls, key="k")
    again = submit(acme, urls, key="k")
    assert (first.status_code, again.status_code) == (202, 202)
    assert again["Idempotency-Replayed"] == "true"
    assert again.json() == first.json()
    assert sorted(site.paths()) == ["/a.pdf", "/b.pdf"]
    for other in (urls[:1], urls[::-1], [urls[0], f"{site.url}/b.pdf"]):
        conflict = submit(acme, other, key="k")
        assert (conflict.status_code, conflict.json()["code"]) == (409, "idempotency_conflict")
    assert Batch.objects.count() == 1


def test_only_so_many_batches_are_fetched_at_once(
    acme: Organisation, site: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    slots = threading.BoundedSemaphore(1)
    monkeypatch.setattr(batch_fetching, "places", slots)
    with slots:
        answer = submit(acme, [f"{site.url}/a.pdf"])
        assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert site.connections == 0
    assert submit(acme, [f"{site.url}/missing.pdf"]).status_code == 400
    assert submit(acme, [f"{site.url}/a.pdf"]).status_code == 202, "the place was given back"


def test_killed_amid_fetching_leaves_no_batch_and_the_request_is_sent_again(
    acme: Organisation, site: Receiver
) -> None:
    site.behaviours["/slow.pdf"] = site.hanging
    sent = {"urls": [f"{site.url}/a.pdf", f"{site.url}/slow.pdf"]}
    headers = {"Authorization": f"Bearer {acme.raw_key}", "Idempotency-Key": "k"}
    with (
        web_server(threads=2, FETCH_ALLOWED_HOSTS=ALLOWED[0]) as server,
        ThreadPoolExecutor() as one,
    ):
        post = partial(requests.post, f"{server.url}{URL}", json=sent, headers=headers, timeout=60)
        first = one.submit(post)
        deadline = time.monotonic() + 30
        while site.connections < 2:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        (worker,) = psutil.Process(server.process.pid).children()
        worker.kill()
        with pytest.raises(requests.ConnectionError):
            first.result()
        assert not Batch.objects.exists()
        assert not StoredFile.objects.exists()
        assert not IdempotencyKey.objects.exists()
        site.behaviours["/slow.pdf"] = answering(200, PDF)
        second, third = post(), post()
    assert (second.status_code, third.status_code) == (202, 202), second.text
    assert second.json()["documents"] == {"total": 2, "queued": 2}
    assert (third.json(), third.headers["Idempotency-Replayed"]) == (second.json(), "true")
    assert Batch.objects.count() == 1


def test_fault_amid_fetching_leaves_nothing(
    acme: Organisation, site: Receiver, monkeypatch: pytest.MonkeyPatch, files: Path
) -> None:
    real = batch_fetching.fetching.fetch_within

    def broken(seconds: float, url: str, **more: Any) -> Any:
        if url.endswith("b.pdf"):
            raise OSError("no space left")
        return real(seconds, url, **more)

    monkeypatch.setattr(batch_fetching.fetching, "fetch_within", broken)
    with pytest.raises(OSError, match="no space"):
        submit(acme, [f"{site.url}/a.pdf", f"{site.url}/b.pdf", f"{site.url}/a.pdf"])
    assert not Batch.objects.exists()
    assert kept(files) == 0
    assert batch_fetching.places.acquire(blocking=False), "the place was given back"
    batch_fetching.places.release()
