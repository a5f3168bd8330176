"""The image holds what the site runs from."""

from __future__ import annotations

import re
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)


def test_every_app_and_what_pages_need_is_copied() -> None:
    copied = set(re.findall(r"^COPY (\w+)/ ", (ROOT / "Dockerfile").read_text(), re.MULTILINE))
    apps = {name for name in settings.INSTALLED_APPS if (ROOT / name).is_dir()}
    assert copied == {*apps, "extraction", "requirements", "templates", "static", "locale"}
