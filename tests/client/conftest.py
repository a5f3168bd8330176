"""A live site with a worker, and clients of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ocrsite_client import Client
from tests.client.sites import Awaited
from tests.working import working

if TYPE_CHECKING:
    from tests.people import Organisation


@pytest.fixture(autouse=True)
def nobody_is_signed_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What the tester has kept is not used."""
    for name in ("OCRSITE_URL", "OCRSITE_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture
def address(
    transactional_db: None, live_server: Any, files: Path, empty_queue: None, settings: Any
) -> Iterator[str]:
    """Where the site is."""
    settings.SITE_URL = live_server.url
    with working():
        yield live_server.url


@pytest.fixture
def site(address: str, acme: Organisation) -> Iterator[Client]:
    """A client with a key that may do everything."""
    with Client(address, acme.raw_key, retry_seconds=5) as client:
        yield client


@pytest.fixture
def idle_site(
    transactional_db: None, live_server: Any, files: Path, empty_queue: None, acme: Organisation
) -> Iterator[Client]:
    """The same of a site without a worker."""
    with Client(live_server.url, acme.raw_key, retry_seconds=5) as client:
        yield client


@pytest.fixture(params=["sync", "async"])
def either(request: pytest.FixtureRequest, address: str, acme: Organisation) -> Iterator[Any]:
    """The blocking client, then the other: they differ in how steps are done, not in which."""
    kind = Client if request.param == "sync" else Awaited
    client = kind(address, acme.raw_key, retry_seconds=5)
    yield client
    client.close()
