"""No test inherits another's request to stop."""

import pytest


@pytest.fixture(autouse=True)
def _not_stopping() -> None:
    from jobs import tasks  # this file is read before the settings are there

    tasks.stopping.clear()
