"""Further processes on the tests' database, to be raced against and killed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, TypeVar
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.db import connection

Seen = TypeVar("Seen")
ROOT = Path(__file__).resolve().parent.parent
SETUP = """
import django
django.setup()
from accounts.row_security import process_sees_everything
process_sees_everything()
"""


def process(
    code: str, *, log: IO[bytes] | None = None, **environment: str
) -> subprocess.Popen[str]:
    """Python with Django set up, in a process of its own; it is to be waited for or killed.

    ``log`` is where its standard error goes, None: where the tests' own goes.
    """
    database = urlsplit(os.environ["DATABASE_URL"])
    name = connection.settings_dict["NAME"]
    return subprocess.Popen(
        [sys.executable, "-c", SETUP + code],
        cwd=ROOT,
        env=os.environ
        | {
            "DATABASE_URL": urlunsplit(database._replace(path=f"/{name}")),
            "VAR_DIR": str(Path(settings.MEDIA_ROOT).parent),  # files lie in VAR_DIR/files
        }
        | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )


def until(look: Callable[[], Seen | None], seconds: float = 120) -> Seen:
    """What ``look`` gives, as soon as it gives something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if seen := look():
            return seen
        time.sleep(0.05)
    raise AssertionError("it did not happen")
