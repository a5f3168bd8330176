"""docs/configuration.md: every setting that is read, with the default that holds."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from ocrsite import configuration
from ocrsite.configuration import Mismatch, differences, sections
from ocrsite.environment import Declared, env

SECTION = "# --- Basics (docs/signin.md) [all]\n"


def test_page_is_made_of_the_settings_that_are_read() -> None:
    """Where this fails: `manage.py configuration`, which says what .env.example lacks."""
    assert configuration.PAGE.read_text() == configuration.page()


def test_every_setting_has_its_row_with_type_default_and_processes() -> None:
    page = configuration.PAGE.read_text()
    assert "| `MAX_PAGES` | whole number | `500` | The most pages of one document. |" in page
    assert "| `HTTPS` | 0 or 1 | `1` |" in page
    assert "| `OUTBOUND_PORTS` | list of whole numbers | `80,443` |" in page
    assert "| `DATABASE_OWNER_URL` | text |  |" in page
    assert "| migrate |" in page
    rows = page.count("\n| `")
    compose = page.partition("## Docker Compose alone")[2].count("\n| `")
    assert rows - compose == len(env.declared.keys() - configuration.NOT_FOR_PEOPLE)


@pytest.mark.parametrize(
    ("example", "says"),
    [
        (SECTION, "MAX_PAGES is read, but not in .env.example"),
        (f"{SECTION}# Of a document.\nMAX_PAGES=400\n", "MAX_PAGES is '400' in .env.example, and"),
        (f"{SECTION}# Gone.\nMAX_PAPER=1\n", "MAX_PAPER is in .env.example, but not read"),
    ],
)
def test_setting_that_is_undocumented_stale_or_otherwise_is_told(example: str, says: str) -> None:
    declared = {"MAX_PAGES": Declared("whole number", 500)}
    assert any(line.startswith(says) for line in differences(sections(example), declared))


@pytest.mark.parametrize(
    ("example", "says"),
    [
        ("# Of a document.\nMAX_PAGES=500\n", "no section"),
        (f"{SECTION}MAX_PAGES=500\n", "has no comment"),
        (f"{SECTION}# Of a document. [printer]\nMAX_PAGES=500\n", "is read by printer"),
        (f"{SECTION}# Of a document.\n# MAX_PAGES=500\n", "stands in a comment"),
        ("# --- Basics\n", "is not"),
    ],
)
def test_example_that_cannot_be_made_into_a_page_is_refused(example: str, says: str) -> None:
    with pytest.raises(Mismatch, match=says):
        sections(example)


def test_gunicorn_reads_by_the_reader_of_the_settings() -> None:
    """So that .env holds for it too; whatever folder Python looks for modules in."""
    code = (
        "import json, runpy; found = runpy.run_path('ocrsite/gunicorn.conf.py'); "
        "found['on_exit'](None); "
        "print(json.dumps([found[name] for name in ('bind', 'workers', 'threads')]))"
    )
    given = {"BIND": "127.0.0.1:9", "WEB_WORKERS": "3", "WEB_THREADS": "5"}
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=configuration.ROOT,
        env={"PATH": os.environ["PATH"], **given},
        capture_output=True,
        check=True,
        text=True,
    )
    assert json.loads(done.stdout) == ["127.0.0.1:9", 3, 5]
