"""What the pages say, gathered for translators: locale/LANGUAGE/LC_MESSAGES/django.po and .mo.

Babel reads and writes the catalogues, so that no gettext programs are needed.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

from jobs import labels

KEYWORDS = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop"), None),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (1, 2)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), ((1, "c"), 2)),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), ((1, "c"), 2, 3)),
}
SOURCES = ("accounts", "jobs", "learning", "ocrsite")
HEADER = """\
msgid ""
msgstr ""
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plurals}\\n"

"""
ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)  # so that the same messages make the same file


@dataclass(frozen=True, slots=True)
class Missing:
    """Messages of a language's catalogue: without a translation, and no longer in the sources."""

    untranslated: list[str]
    gone: list[str]


def folder(language: str) -> Path:
    """Where the language's catalogue lies."""
    return Path(settings.BASE_DIR) / "locale" / language / "LC_MESSAGES"


def gathered() -> Catalog:
    """Every message of templates and code, and the catalogue's labels, with their files."""
    found = Catalog(fuzzy=False)
    for path, source in _sources():
        for line in extract("python", io.BytesIO(source.encode()), keywords=KEYWORDS):
            _, message, comments, context = line
            found.add(message, locations=[(path, 1)], auto_comments=comments, context=context)
    for context, label in labels.messages():
        found.add(label, locations=[("jobs/labels.py", 1)], context=context)
    return found


def missing(language: str) -> Missing:
    """What the catalogue lacks, and what it has too much."""
    now, kept = gathered(), read(language)
    keys = {_key(each) for each in now if each.id}
    return Missing(
        [
            str(each.id)
            for each in now
            if each.id and not _is_translated(kept.get(each.id, each.context))
        ],
        [str(each.id) for each in kept if each.id and _key(each) not in keys],
    )


def read(language: str) -> Catalog:
    """The language's catalogue; an empty one where there is none."""
    path = folder(language) / "django.po"
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as file:
        found = read_po(file, locale=language)
    found.creation_date = found.revision_date = ALWAYS
    return found


def update(language: str) -> None:
    """Bring the catalogue up to the sources, translations kept, and compile it."""
    now, kept = gathered(), read(language)
    made = Catalog(locale=language, fuzzy=False)
    for each in sorted(now, key=lambda each: (each.locations, str(each.id))):
        if each.id:
            known = kept.get(each.id, each.context)
            made.add(
                each.id,
                known.string if known else None,
                locations=each.locations,
                flags=each.flags,
                context=each.context,
            )
    folder(language).mkdir(parents=True, exist_ok=True)
    with (folder(language) / "django.po").open("wb") as file:
        header = HEADER.format(language=language, plurals=made.plural_forms)
        file.write(header.encode())
        write_po(file, made, omit_header=True, include_lineno=False, width=100)
    (folder(language) / "django.mo").write_bytes(compiled(language))


def compiled(language: str) -> bytes:
    """The catalogue as Django reads it."""
    out = io.BytesIO()
    write_mo(out, read(language))
    return out.getvalue()


def _sources() -> Iterator[tuple[str, str]]:
    """Each file's path and its text as Python."""
    base = Path(settings.BASE_DIR)
    for path in sorted((base / "templates").rglob("*.*")):
        if "admin" not in path.relative_to(base).parts:
            yield path.relative_to(base).as_posix(), templatize(path.read_text())
    for app in SOURCES:
        for path in sorted((base / app).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path.relative_to(base).as_posix(), path.read_text()


def _key(message: Message) -> tuple[str, str]:
    first = message.id[0] if isinstance(message.id, tuple | list) else message.id
    return str(first), message.context or ""


def _is_translated(message: Message | None) -> bool:
    if message is None or message.fuzzy:
        return False
    strings = message.string if isinstance(message.string, tuple | list) else (message.string,)
    return all(strings)
