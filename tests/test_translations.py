"""The catalogues: made from the sources, compiled as they are written."""

from __future__ import annotations

import pytest

from ocrsite import translations


def test_messages_are_gathered_from_templates_and_code() -> None:
    found = translations.gathered()
    assert [path for path, _ in found["Skip to content"].locations] == ["templates/base.html"]
    assert "ocrsite/menu.py" in [path for path, _ in found["Jobs"].locations]
    assert "%(role)s of %(organisation)s" in found


@pytest.mark.parametrize("language", ["de"])
def test_what_is_compiled_is_what_was_written(language: str) -> None:
    kept = (translations.folder(language) / "django.mo").read_bytes()
    assert kept == translations.compiled(language)
