"""Signed links: whom they serve, how long, and what they refuse."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.core.signing import Signer
from django.test import Client
from pytest_django import Settings

from accounts.keys import create_api_key, revoke_api_key
from accounts.models import AuditEntry, Membership
from extraction.formats import FORMATS
from jobs import links
from jobs.models import Job
from tests.jobs.buckets import point_to
from tests.jobs.making import PDF, make_job, run_job, text_in
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("files", "empty_queue"),
]
URL = "/api/v1/ocr/jobs"


@pytest.fixture
def done(acme: Organisation) -> Job:
    """A job that has ended, with a picture and a searchable PDF."""
    job = make_job(acme, preview=True, outputs=("pdf",))
    run_job(str(job.pk))
    job.refresh_from_db()
    return job


def ask(organisation: Organisation, job: Job, *files: str) -> Any:
    """The answer to a request for links to these files, or to all."""
    body = {"files": files} if files else {}
    return organisation.api().post(f"{URL}/{job.pk}/links", body)


def link(organisation: Organisation, job: Job, name: str = "txt") -> str:
    """A link's path."""
    answer = ask(organisation, job, name)
    assert answer.status_code == 201, answer.content
    return urlsplit(answer.json()["links"][name]).path


def fetch(url: str) -> Any:
    """The answer to nobody in particular."""
    return Client().get(url)


def outcome(answer: Any) -> tuple[int, str]:
    """Status and code of a refusal."""
    return answer.status_code, answer.json()["code"]


def test_links_serve_every_file_of_a_job_without_a_key(acme: Organisation, done: Job) -> None:
    answer = ask(acme, done)
    body = answer.json()
    assert list(body["links"]) == ["original", *FORMATS]
    until = datetime.fromisoformat(body["expires_at"])
    assert timedelta(0) < until - datetime.now(UTC) <= timedelta(minutes=5, seconds=1)
    assert answer["Cache-Control"] == "private, no-store"
    for name, url in body["links"].items():
        got = fetch(urlsplit(url).path)
        assert got.status_code == 200
        assert got["Content-Disposition"].startswith("attachment; filename=")
        assert got["X-Content-Type-Options"] == "nosniff"
        assert got["Content-Security-Policy"].endswith("sandbox")
        assert got["Cache-Control"] == "private, no-store"
        assert got["Referrer-Policy"] == "no-referrer"
        content = b"".join(got)
        if name == "original":
            assert (content, got["Content-Type"]) == (PDF, "application/pdf")
            assert got["Content-Disposition"] == 'attachment; filename="a.pdf"'
            assert got["Content-Length"] == str(len(PDF))
        else:
            assert got["Content-Type"] == FORMATS[name].media_type
    assert "needs no OCR" in text_in(fetch(link(acme, done, "pdf")), "pdf")
    picture = fetch(link(acme, done, "page-1"))
    assert (picture["Content-Type"], b"".join(picture)[:2]) == ("image/jpeg", b"\xff\xd8")
    assert acme.api().get(f"{URL}/{done.pk}").json()["links"]["links"].endswith("/links")


def test_making_and_using_a_link_are_noted(acme: Organisation, done: Job) -> None:
    fetch(link(acme, done, "original"))
    rows = AuditEntry.objects.filter(action__in=("job.link", "job.download")).order_by("pk")
    assert [(row.action, row.api_key, row.tenant, row.object_id, row.after) for row in rows] == [
        ("job.link", acme.key, acme.tenant, str(done.pk), {"files": ["original"]}),
        ("job.download", acme.key, acme.tenant, str(done.pk), {"file": "original", "by": "link"}),
    ]
    assert all(row.address == "127.0.0.1" for row in rows)


def test_file_that_no_job_has_is_400(acme: Organisation, done: Job) -> None:
    wanted: list[Any] = [[name] for name in ("docx", "page-0", "page-2", "../../etc/passwd", "")]
    for files in (*wanted, [], ["txt"] * 101, "txt", {"a": 1}, [["txt"]]):
        answer = acme.api().post(f"{URL}/{done.pk}/links", {"files": files})
        assert outcome(answer) == (400, "invalid_option"), files


def test_file_that_is_not_there_is_409(acme: Organisation) -> None:
    job = make_job(acme)
    assert outcome(ask(acme, job, "txt")) == (409, "result_not_ready")
    assert list(ask(acme, job).json()["links"]) == ["original"]
    run_job(str(job.pk))
    assert outcome(ask(acme, job, "pdf")) == (409, "not_made")
    assert "pdf" not in ask(acme, job).json()["links"]


def test_late_link_is_410(acme: Organisation, done: Job) -> None:
    now = datetime.now(UTC)
    for seconds, status in ((2, 200), (-1, 410)):
        token = links._sign(done, "txt", acme.actor, now + timedelta(seconds=seconds))
        answer = fetch(f"/api/v1/links/{token}")
        assert answer.status_code == status
    assert outcome(answer) == (410, "link_expired")


def test_link_ends_with_its_job(acme: Organisation, done: Job) -> None:
    paths = [link(acme, done, name) for name in ("txt", "original", "pdf", "page-1")]
    assert acme.api().delete(f"{URL}/{done.pk}").status_code == 204
    assert {outcome(fetch(path)) for path in paths} == {(404, "not_found")}


def test_link_whose_file_was_lost_is_404(acme: Organisation, done: Job, files: Path) -> None:
    path = link(acme, done, "original")
    (files / done.file.key).unlink()
    assert outcome(fetch(path)) == (404, "not_found")


def test_link_ends_with_the_key_that_made_it(acme: Organisation, done: Job) -> None:
    client = acme.api("jobs:read")
    made = client.post(f"{URL}/{done.pk}/links").json()["links"]["txt"]
    path = urlsplit(made).path
    assert fetch(path).status_code == 200
    key = acme.key.__class__.objects.get(name="narrow")
    revoke_api_key(key, actor=acme.actor)
    assert outcome(fetch(path)) == (410, "link_expired")
    assert fetch(link(acme, done)).status_code == 200  # another key's


def test_link_ends_with_the_organisation(acme: Organisation, done: Job) -> None:
    path = link(acme, done)
    acme.tenant.is_active = False
    acme.tenant.save(update_fields=["is_active"])
    assert outcome(fetch(path)) == (410, "link_expired")


def test_link_ends_with_the_membership(acme: Organisation, done: Job) -> None:
    made = links.make(
        done,
        ["txt"],
        actor=acme.member,
        address=None,
        url_of=lambda token: f"/api/v1/links/{token}",
    )
    path = made.urls["txt"]
    assert fetch(path).status_code == 200
    Membership.objects.filter(pk=acme.membership.pk).delete()
    assert outcome(fetch(path)) == (410, "link_expired")


def test_key_that_may_not_read_makes_no_link(acme: Organisation, done: Job) -> None:
    _, raw = create_api_key(
        tenant=acme.tenant, name="usage", scopes=["usage:read"], created_by=acme.owner
    )
    answer = Client().post(f"{URL}/{done.pk}/links", HTTP_AUTHORIZATION=f"Bearer {raw}")
    assert outcome(answer) == (403, "permission_denied")


def test_stranger_neither_makes_nor_forges_a_link(
    acme: Organisation, stranger: Organisation, done: Job
) -> None:
    assert outcome(ask(stranger, done, "original")) == (404, "not_found")
    # as if the stranger's own link named the other one's job
    token = links._sign(done, "original", stranger.actor, datetime.now(UTC) + timedelta(minutes=1))
    job, name, expires, _, key, user = Signer(salt=links.SALT).unsign_object(token)
    content = [job, name, expires, stranger.tenant.pk.hex, key, user]
    forged = Signer(salt=links.SALT).sign_object(content)
    for each in (token, forged):
        assert fetch(f"/api/v1/links/{each}").status_code in (404, 410)


def test_changed_link_is_404(acme: Organisation, done: Job) -> None:
    path = link(acme, done)
    token = path.rpartition("/")[2]
    content, signature = token.split(":")
    other = Signer(salt="something else").sign_object(Signer(salt=links.SALT).unsign_object(token))
    later = Signer(salt=links.SALT).unsign_object(token)
    later[2] += 3600
    body = Signer(salt=links.SALT).sign_object(later).split(":")[0]
    for bad in (
        other,
        f"{body}:{signature}",
        f"{content}:{signature[:-1]}",
        f"{content}:",
        content,
        f"{content}x:{signature}",
        "x",
        str(uuid.uuid4()),
        "%00:%00",
        "é:é",
        "x" * 5000,
    ):
        assert outcome(fetch(f"/api/v1/links/{bad}")) == (404, "not_found"), bad


def test_links_of_an_address_are_limited(acme: Organisation, done: Job, settings: Settings) -> None:
    path = link(acme, done)
    settings.RATES = {**settings.RATES, "public": settings.RATES["public"].__class__(2, 2, 2, 2)}
    codes = [fetch(path).status_code for _ in range(3)]
    assert codes == [200, 200, 429]


# --- files in a bucket


def test_links_to_a_bucket_lead_here_where_clients_do_not_reach_it(
    bucket: str, acme: Organisation, done: Job
) -> None:
    body = ask(acme, done).json()["links"]
    assert {urlsplit(url).hostname for url in body.values()} == {"testserver"}
    assert b"".join(fetch(urlsplit(body["original"]).path)) == PDF


def test_links_to_a_public_bucket_lead_to_it(
    bucket: str, s3_address: str, acme: Organisation, done: Job, settings: Settings
) -> None:
    point_to(settings, s3_address, bucket, public_url=s3_address)
    body = ask(acme, done, "original", "pdf", "page-1", "txt").json()["links"]
    assert urlsplit(body["txt"]).hostname == "testserver"  # no file, but written when asked for
    for name, kind in (("original", "pdf"), ("pdf", "pdf"), ("page-1", "jpeg")):
        parts = urlsplit(body[name])
        assert f"{parts.scheme}://{parts.netloc}" == s3_address
        assert parse_qs(parts.query)["X-Amz-Expires"] == ["300"]
        got = requests.get(body[name], timeout=10)
        assert got.status_code == 200
        assert got.headers["Content-Disposition"].startswith("attachment; filename=")
        assert got.headers["Content-Type"].endswith(kind)
    assert requests.get(body["original"], timeout=10).content == PDF
    assert acme.api().delete(f"{URL}/{done.pk}").status_code == 204
    assert requests.get(body["original"], timeout=10).status_code in (403, 404)
