"""What differs between two templates, in sentences for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.numerals import numeral
from extraction.fields.definition import Column, Field
from extraction.fields.templates import Template
from jobs.labels import field_label, kind_label, type_label

Sentence = Promise | str

# lists of texts of a field: what is said of those that came and of those that went
LISTS: dict[str, tuple[Sentence, Sentence]] = {
    "synonyms": (
        gettext_lazy("%(field)s: labels added: %(texts)s."),
        gettext_lazy("%(field)s: labels removed: %(texts)s."),
    ),
    "weak": (
        gettext_lazy("%(field)s: possible labels added: %(texts)s."),
        gettext_lazy("%(field)s: possible labels removed: %(texts)s."),
    ),
    "anchors": (
        gettext_lazy("%(field)s: texts before it added: %(texts)s."),
        gettext_lazy("%(field)s: texts before it removed: %(texts)s."),
    ),
    "examples": (
        gettext_lazy("%(field)s: examples added: %(texts)s."),
        gettext_lazy("%(field)s: examples removed: %(texts)s."),
    ),
}
# single things of a field: said where it came, where it went, where it is another
SINGLE: dict[str, tuple[Sentence, Sentence, Sentence]] = {
    "pattern": (
        gettext_lazy("%(field)s: it has a pattern now."),
        gettext_lazy("%(field)s: its pattern was removed."),
        gettext_lazy("%(field)s: its pattern was changed."),
    ),
    "instruction": (
        gettext_lazy("%(field)s: it has an instruction for models now."),
        gettext_lazy("%(field)s: its instruction for models was removed."),
        gettext_lazy("%(field)s: its instruction for models was changed."),
    ),
    "region": (
        gettext_lazy("%(field)s: it has a place on the page now."),
        gettext_lazy("%(field)s: its place on the page was removed."),
        gettext_lazy("%(field)s: its place on the page was moved."),
    ),
    "learned": (
        gettext_lazy("%(field)s: it learned from confirmed documents."),
        gettext_lazy("%(field)s: what it had learned was taken out."),
        gettext_lazy("%(field)s: it learned anew from confirmed documents."),
    ),
}


def changes(old: Template, new: Template) -> list[str]:
    """What was done to the old template to make the new one; empty where nothing was."""
    return [*_of_template(old, new), *_of_fields(old.fields, new.fields)]


def as_note(sentences: Sequence[str], most: int = 200) -> str:
    """The sentences as one line of at most that many characters; what does not fit is counted."""
    text, left = "", list(sentences)
    while left:
        rest = _("and %(count)d more") % {"count": len(left)}
        longer = f"{text} {left[0]}".strip()
        if len(longer) > most - (len(rest) + 1 if len(left) > 1 else 0):
            return f"{text} {rest}".strip()[:most]
        text = longer
        del left[0]
    return text


def _of_template(old: Template, new: Template) -> Iterator[str]:
    if old.label != new.label:
        yield _("The template is now called %(label)s.") % {"label": new.label}
    if old.document_type != new.document_type:
        if new.document_type:
            kind = type_label(new.document_type)
            yield _("It is now for documents of the type %(type)s.") % {"type": kind}
        else:
            yield _("It is no longer for a type of document.")
    added, removed = _differing(old.issuers, new.issuers)
    if added:
        yield _("Issuers added: %(texts)s.") % {"texts": added}
    if removed:
        yield _("Issuers removed: %(texts)s.") % {"texts": removed}
    if old.threshold != new.threshold:
        if new.threshold is None:
            yield _("Values are checked below the usual confidence.")
        else:
            share = _share(new.threshold)
            yield _("Values are checked below %(share)s confidence.") % {"share": share}


def _of_fields(old: Sequence[Field], new: Sequence[Field]) -> Iterator[str]:
    before = {field.name: field for field in old}
    after = {field.name: field for field in new}
    for field in new:
        if field.name not in before:
            yield _("Added: %(field)s.") % {"field": field_label(field)}
    for field in old:
        if field.name not in after:
            yield _("Removed: %(field)s.") % {"field": field_label(field)}
    for field in new:
        if field.name in before:
            yield from _of_field(before[field.name], field)
    both = [name for name in before if name in after]
    if both != [name for name in after if name in before]:
        yield _("The fields are in another order.")


def _of_field(old: Field, new: Field) -> Iterator[str]:
    said: dict[str, Any] = {"field": field_label(new)}
    if old.label != new.label:
        yield _("%(old)s is now called %(field)s.") % {"old": field_label(old), **said}
    if old.kind != new.kind:
        kind = kind_label(new.kind)
        yield _("%(field)s: its kind is now %(kind)s.") % {"kind": kind, **said}
    if old.required != new.required:
        if new.required:
            yield _("%(field)s: it is required now.") % said
        else:
            yield _("%(field)s: it is no longer required.") % said
    for name, (came, went) in LISTS.items():
        added, removed = _differing(getattr(old, name), getattr(new, name))
        if added:
            yield str(came) % {"texts": added, **said}
        if removed:
            yield str(went) % {"texts": removed, **said}
    for name, (set_now, gone, other) in SINGLE.items():
        one, two = getattr(old, name), getattr(new, name)
        if one != two:
            yield str(other if one and two else set_now if two else gone) % said
    if old.threshold != new.threshold:
        if new.threshold is None:
            yield _("%(field)s: it is checked at the template's confidence.") % said
        else:
            share = _share(new.threshold)
            yield _("%(field)s: it is checked below %(share)s confidence.") % {
                "share": share,
                **said,
            }
    yield from _of_columns(old.columns, new.columns, said)


def _of_columns(
    old: Sequence[Column], new: Sequence[Column], said: dict[str, Any]
) -> Iterator[str]:
    before = {column.name: column for column in old}
    after = {column.name: column for column in new}
    for column in new:
        if column.name not in before:
            yield _("%(field)s: column added: %(column)s.") % {
                "column": field_label(column),
                **said,
            }
        elif column != before[column.name]:
            yield _("%(field)s: column changed: %(column)s.") % {
                "column": field_label(column),
                **said,
            }
    for column in old:
        if column.name not in after:
            yield _("%(field)s: column removed: %(column)s.") % {
                "column": field_label(column),
                **said,
            }


def _differing(old: Sequence[str], new: Sequence[str]) -> tuple[str, str]:
    """The texts that came and those that went, each as one text."""
    return (
        ", ".join(text for text in new if text not in old),
        ", ".join(text for text in old if text not in new),
    )


def _share(share: float) -> str:
    return f"{numeral(share * 100, 'g')} %"
