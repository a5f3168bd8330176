"""The server that the tests ask, and short pauses."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from extraction.engines import attempts
from tests.chat_server import (
    ChatServer,
    chat_server,
)


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with chat_server() as server:
        yield server


@pytest.fixture(autouse=True)
def _soon_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "FIRST_SECONDS", 0.02)
