"""What the buttons of the template editor do to the draft."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _

from extraction.fields.definition import Column, Field
from extraction.fields.templates import Template
from jobs.labels import field_label
from jobs.template_desk import Desk, laid_out, with_field
from jobs.template_forms import NEW, PREDEFINED, free

MOST_FIELDS = 200
MOST_COLUMNS = 30


def done(desk: Desk, command: str, what: str) -> Desk:
    """The desk after a button was pressed; an unknown one changes nothing.

    Where a form is not valid nothing is done, except that the field it is about may be removed.
    """
    number = int(what) if what.isascii() and what.isdecimal() and len(what) < 4 else -1
    there = 0 <= number < len(desk.template.fields)
    if desk.wrong and not (command == "remove" and number == desk.opened):
        return desk
    if command == "open" and there:
        return _again(desk, opened=number, focus="id_field-label")
    if command == "close":
        focus = f"open-{_name(desk, desk.opened)}" if desk.opened is not None else ""
        return _again(desk, opened=None, focus=focus)
    if command == "remove" and there:
        return _removed(desk, number)
    if command in ("up", "down") and there:
        return _moved(desk, number, -1 if command == "up" else 1)
    if command == "add":
        return _added(desk, what)
    if command == "own":
        return _own(desk)
    if command == "clear-place" and desk.opened is not None:
        field = replace(desk.template.fields[desk.opened], region=None)
        told = _("The place on the page was cleared.")
        return _again(desk, with_field(desk.template, desk.opened, field), told=told, focus="draw")
    if command in ("add-column", "remove-column", "column-up", "column-down"):
        return _columns_changed(desk, command, number)
    return _again(desk)


def _again(desk: Desk, template: Template | None = None, **more: Any) -> Desk:
    given = {"opened": desk.opened, **more}
    return laid_out(template or desk.template, base=desk.base, new=desk.new, **given)


def _removed(desk: Desk, number: int) -> Desk:
    fields = list(desk.template.fields)
    gone = fields.pop(number)
    opened = desk.opened
    if opened is not None:
        opened = None if opened == number else opened - (opened > number)
    after = fields[min(number, len(fields) - 1)].name if fields else ""
    return _again(
        desk,
        replace(desk.template, fields=tuple(fields)),
        opened=opened,
        told=_("%(field)s was removed.") % {"field": field_label(gone)},
        focus=f"open-{after}" if after else "add-search",
    )


def _moved(desk: Desk, number: int, step: int) -> Desk:
    fields, to = list(desk.template.fields), number + step
    if not 0 <= to < len(fields):
        return _again(desk)
    fields[number], fields[to] = fields[to], fields[number]
    opened = desk.opened
    if opened in (number, to):
        opened = number + to - opened
    told = _("%(field)s is now number %(number)d of %(count)d.") % {
        "field": field_label(fields[to]),
        "number": to + 1,
        "count": len(fields),
    }
    side = "up" if step < 0 else "down"
    return _again(
        desk,
        replace(desk.template, fields=tuple(fields)),
        opened=opened,
        told=told,
        focus=f"{side}-{fields[to].name}",
    )


def _added(desk: Desk, name: str) -> Desk:
    names = {field.name for field in desk.template.fields}
    if name not in PREDEFINED or name in names:
        return _again(desk)
    if len(names) >= MOST_FIELDS:
        return _again(desk, told=_full())
    field = PREDEFINED[name]
    return _again(
        desk,
        replace(desk.template, fields=(*desk.template.fields, field)),
        told=_("%(field)s was added.") % {"field": field_label(field)},
        focus=f"add-{name}",
    )


def _own(desk: Desk) -> Desk:
    names = {field.name for field in desk.template.fields}
    if len(names) >= MOST_FIELDS:
        return _again(desk, told=_full())
    label = _("New field")
    field = Field(free(NEW, names), label, "text", (label,), document_types=())
    return _again(
        desk,
        replace(desk.template, fields=(*desk.template.fields, field)),
        opened=len(names),
        told=_("A field of your own was added. Give it a label."),
        focus="id_field-label",
    )


def _columns_changed(desk: Desk, command: str, number: int) -> Desk:
    if desk.opened is None:
        return _again(desk)
    field = desk.template.fields[desk.opened]
    columns = list(field.columns)
    if command == "add-column" and len(columns) < MOST_COLUMNS:
        names = {column.name for column in columns}
        number = len(columns)
        columns.append(Column(free(f"column_{number + 1}", names), _("New column"), "text"))
    elif not 0 <= number < len(columns):
        return _again(desk)
    elif command == "remove-column" and len(columns) > 1:
        del columns[number]
        number = min(number, len(columns) - 1)
    elif command in ("column-up", "column-down"):
        to = number + (-1 if command == "column-up" else 1)
        if 0 <= to < len(columns):
            columns[number], columns[to] = columns[to], columns[number]
            number = to
    changed = replace(field, columns=tuple(columns))
    return _again(
        desk,
        with_field(desk.template, desk.opened, changed),
        focus=f"id_column-{number}-label",
    )


def _full() -> str:
    return _("A template has at most %(most)d fields.") % {"most": MOST_FIELDS}


def _name(desk: Desk, number: int | None) -> str:
    return desk.template.fields[number].name if number is not None else ""
