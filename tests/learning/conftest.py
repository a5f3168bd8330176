"""What the tests of learning share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture
def base() -> Iterator[None]:
    """A vision-language model to be taught."""
    from tests.learning.teaching import taught

    with taught():
        yield
