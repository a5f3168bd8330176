"""A file that tells that this process lives: for the health check of a container without a port."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from django.conf import settings


def tell() -> None:
    """Touch ``ALIVE_FILE``, where there is one. One that cannot be written tells enough."""
    if settings.ALIVE_FILE:
        with suppress(OSError):
            Path(settings.ALIVE_FILE).touch()
