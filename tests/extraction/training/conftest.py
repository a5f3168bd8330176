from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from extraction import engines
from extraction.engines.configuration import Configuration
from extraction.training import Progress, Trained
from tests.extraction.engines.vlm import tiny
from tests.extraction.training import taught


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """The tiny model is faster on one, and other tests run beside."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Trained, list[Progress]]:
    """An adapter that has learned its form, and how that went."""
    folder = tmp_path_factory.mktemp("trained")
    return taught.taught(folder, taught.ENOUGH, taught.lessons(256))


@pytest.fixture(scope="session")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound adapter that has learned next to nothing."""
    return taught.taught(tmp_path_factory.mktemp("hasty"))[0].adapter


@pytest.fixture
def table() -> Iterator[None]:
    """The table of engines with the tiny model in it."""
    engines.configure(tiny.configuration(tiny.model()))
    yield
    engines.configure(Configuration())
