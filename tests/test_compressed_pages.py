from __future__ import annotations

import gzip

import pytest
from django.test import Client

from tests.jobs.making import make_job, run_job
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]
TAKES = {"HTTP_ACCEPT_ENCODING": "br;q=1.0, gzip"}


def test_pages_are_compressed_for_who_takes_it(acme: Organisation, client: Client) -> None:
    client.force_login(acme.owner)
    plain, small = client.get("/style"), client.get("/style", **TAKES)  # type: ignore[arg-type]
    assert not plain.has_header("Content-Encoding")
    assert small["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in small["Vary"]
    assert "Accept-Encoding" in plain["Vary"]
    assert b"<h1>Style</h1>" in gzip.decompress(small.content)
    assert len(small.content) < len(plain.content) / 3


@pytest.mark.parametrize("name", ["result.html", "result.json", "pages/1.jpg"])
def test_files_are_sent_as_they_are(name: str, acme: Organisation, client: Client) -> None:
    job = make_job(acme, preview=True)
    run_job(str(job.pk))
    client.force_login(acme.owner)
    answer = client.get(f"/jobs/{job.pk}/{name}", **TAKES)  # type: ignore[arg-type]
    assert answer.status_code == 200
    assert not answer.has_header("Content-Encoding")


def test_the_api_is_sent_as_it_is(acme: Organisation) -> None:
    answer = acme.api().get("/api/v1/ocr/jobs", headers={"Accept-Encoding": "gzip"})
    assert not answer.has_header("Content-Encoding")
