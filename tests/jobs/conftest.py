"""No test inherits another's request to stop; and the places where files may lie."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings


@pytest.fixture(autouse=True)
def _not_stopping() -> None:
    from jobs import tasks  # this file is read before the settings are there

    tasks.stopping.clear()


@pytest.fixture(scope="session")
def s3_address() -> Iterator[str]:
    """A server that speaks S3: an imitation, or a real one that has been started."""
    from botocore import loaders

    # what every client reads anew, a quarter of a second long
    loader = loaders.create_loader()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loaders, "create_loader", lambda *args: loader)
        yield from _s3_address()


def _s3_address() -> Iterator[str]:
    if address := os.environ.get("TEST_S3_ADDRESS"):
        yield address
        return
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3_address: str, settings: Settings) -> str:
    """The storage in a fresh bucket."""
    from tests.jobs.buckets import use_bucket

    return use_bucket(settings, s3_address, f"documents-{uuid.uuid4().hex}")


@pytest.fixture(params=["folder", "s3"])
def place(request: Any, settings: Settings, tmp_path: Path) -> str:
    """The storage: a folder, or a bucket."""
    if request.param == "folder":
        settings.MEDIA_ROOT = str(tmp_path / "files")
    else:
        request.getfixturevalue("bucket")
    return str(request.param)
