"""The catalogues: made from the sources, compiled as they are written."""

from __future__ import annotations

import re

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


@pytest.mark.parametrize("language", ["de"])
def test_every_message_is_translated_with_its_placeholders(language: str) -> None:
    """`make translations` says which are missing, once texts of pages have changed."""
    missing = translations.missing(language)
    assert (missing.untranslated, missing.gone) == ([], [])
    wrong = []
    for message in translations.read(language):
        said = message.string if isinstance(message.string, tuple) else (str(message.string),)
        ids = message.id if isinstance(message.id, tuple | list) else (message.id,)
        wanted = placeholders(str(ids[-1]))
        # in the singular the number may be left out
        wrong += [each for each in said[:-1] if not placeholders(str(each)) <= wanted]
        wrong += [each for each in said[-1:] if placeholders(str(each)) != wanted]
    assert wrong == []


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"%\(\w+\)\w|\{\w*\}", text))
