from __future__ import annotations

from collections.abc import Iterator

import pytest

from extraction.engines.vlm import VisionLanguage
from tests.extraction.engines.vlm import tiny


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """The tiny model is faster on one, and other tests run beside."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def engine() -> Iterator[VisionLanguage]:
    """The tiny model as it is, loaded once."""
    made = tiny.engine()
    yield made
    made.unload()
