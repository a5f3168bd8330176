"""Files in a folder and in S3: the same behaviour."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from django.core.files.storage import storages
from pytest_django import Settings

from jobs import storage
from tests.jobs.making import PDF, upload

TENANT, JOB = uuid.uuid4(), uuid.uuid4()


@pytest.fixture(params=["folder", "s3"])
def place(request: pytest.FixtureRequest, settings: Settings, tmp_path: Path) -> Iterator[str]:
    """The storage: a folder, or a server that speaks S3."""
    if request.param == "folder":
        settings.MEDIA_ROOT = str(tmp_path)
        yield "folder"
        return
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    access = {"endpoint_url": f"http://{host}:{port}", "region_name": "us-east-1"}
    keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret"}
    boto3.client("s3", **access, **keys).create_bucket(Bucket="documents")
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "storages.backends.s3.S3Storage",
            "OPTIONS": {
                **access,
                "bucket_name": "documents",
                "access_key": "key",
                "secret_key": "secret",
                "signature_version": "s3v4",
                "file_overwrite": True,
                "default_acl": None,
            },
        },
    }
    assert type(storages["default"]).__name__ == "S3Storage"
    yield "s3"
    server.stop()


def test_upload_is_kept_and_handed_to_a_worker_as_a_file(place: str) -> None:
    key = storage.upload_key(TENANT, uuid.uuid4())
    with upload() as received:
        storage.put_upload(key, received)
    assert storage.read(key) == PDF
    with storage.local_path(key) as path:
        assert path.read_bytes() == PDF
    assert path.exists() is (place == "folder")  # a fetched copy does not stay


def test_put_writes_over_an_older_object(place: str) -> None:
    key = storage.preview_key(TENANT, JOB, 1)
    storage.put(key, b"first attempt")
    storage.put(key, b"second attempt")
    assert storage.read(key) == b"second attempt"


def test_delete_job_removes_its_files_and_no_others(place: str) -> None:
    mine, other = storage.upload_key(TENANT, uuid.uuid4()), storage.upload_key(TENANT, uuid.uuid4())
    foreign = storage.preview_key(TENANT, uuid.uuid4(), 1)
    previews = [storage.preview_key(TENANT, JOB, number) for number in (1, 2)]
    for key in (mine, other, foreign, *previews):
        storage.put(key, b"x")
    storage.delete_job(TENANT, JOB, mine)
    for key in (mine, *previews):
        with pytest.raises(FileNotFoundError):
            storage.read(key)
    assert storage.read(other) == b"x"
    assert storage.read(foreign) == b"x"


def test_delete_job_without_pages_is_no_error(place: str) -> None:
    key = storage.upload_key(TENANT, uuid.uuid4())
    storage.put(key, b"x")
    storage.delete_job(TENANT, uuid.uuid4(), key)
    with pytest.raises(FileNotFoundError):
        storage.read(key)


def test_missing_object_is_told(place: str) -> None:
    with pytest.raises(FileNotFoundError):
        storage.read("nobody/nothing")
    with pytest.raises(FileNotFoundError), storage.local_path("nobody/nothing"):
        pass
    assert storage.available() is True
