"""What the tests of accounts/ share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ocrsite.embedded import Valkey


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    """A server of this test alone."""
    server = Valkey(tmp_path / "valkey")
    server.start()
    yield server
    assert server.process is not None
    server.process.kill()  # a stopped one does not listen to SIGTERM
    server.process.wait()
