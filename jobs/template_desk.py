"""A template while it is edited: the draft that the page carries, and what its buttons do to it.

The draft is a template that may still lack a name and fields, without what fields have learned:
that is put back from the version it began with (``base``).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.http import QueryDict

from accounts.models import Tenant
from extraction.errors import InvalidTemplate
from extraction.fields import CATALOGUE
from extraction.fields.definition import Field
from extraction.fields.templates import Template, template_from_dict, template_to_dict
from jobs import templates
from jobs.errors import TemplateNotFound
from jobs.template_changes import changes
from jobs.template_forms import (
    PREDEFINED,
    AboutForm,
    ColumnForms,
    FieldForm,
    about_initial,
    column_rows,
    slug,
)


@dataclass(frozen=True, slots=True)
class Desk:
    """What stands on the editor's page: the draft, and the forms over it.

    ``base`` is the version it began with (NAME@NUMBER), a starter's name or "". ``opened`` is the
    place of the field whose form is shown. ``told`` is said aloud, ``focus`` the id of what the
    keyboard goes to. ``wrong``: a form is not valid, and the draft is as it was.
    """

    template: Template
    base: str
    new: bool
    opened: int | None
    about: AboutForm
    field: FieldForm | None
    columns: Any = None
    told: str = ""
    focus: str = ""
    wrong: bool = False
    sent: tuple[str, ...] = ()  # names of the fields as the page has them

    @property
    def draft(self) -> str:
        """The draft as the page carries it."""
        return json.dumps(template_to_dict(self.template), ensure_ascii=False)


def laid_out(
    template: Template,
    *,
    base: str,
    new: bool,
    opened: int | None = None,
    told: str = "",
    focus: str = "",
) -> Desk:
    """The draft with forms that show it as it is."""
    template = without_learned(template)
    if opened is not None and not 0 <= opened < len(template.fields):
        opened = None
    form = columns = None
    if opened is not None:
        field = template.fields[opened]
        form = FieldForm(prefix="field", field=field, taken=_others(template, opened))
        columns = _column_forms(field)
    about = AboutForm(prefix="about", new=new, initial=about_initial(template))
    sent = tuple(each.name for each in template.fields)
    return Desk(template, base, new, opened, about, form, columns, told, focus, sent=sent)


def received(data: QueryDict, *, new: bool, name: str = "") -> Desk:
    """The page as it was sent, with what was filled in; ``name`` is an existing template's.

    Raises ``InvalidTemplate`` for a draft that no page of ours has carried.
    """
    template = read(data.get("draft", ""), name)
    sent = tuple(each.name for each in template.fields)
    base = data.get("base", "")[:80]
    text = data.get("opened", "")
    opened = int(text) if text.isascii() and text.isdecimal() and len(text) < 4 else None
    if opened is not None and opened >= len(template.fields):
        opened = None
    about = AboutForm(data, prefix="about", new=new)
    wrong = not about.is_valid()
    form = columns = field = None
    if opened is not None:
        before = template.fields[opened]
        form = FieldForm(data, prefix="field", field=before, taken=_others(template, opened))
        columns = _column_forms(before, data)
        if columns is not None and columns.is_valid():
            form.columns = column_rows(each.cleaned_data for each in columns)
        wrong |= columns is not None and not columns.is_valid()
        wrong |= not form.is_valid()
        if not wrong:
            field = form.field()
            wrong = field is None
    if not wrong:
        given = about.cleaned_data
        template = replace(
            template,
            name=name or given["name"],
            label=given["label"],
            document_type=given["document_type"],
            issuers=tuple(given["issuers"]),
            threshold=given["threshold"],
        )
    if field is not None and opened is not None:
        template = with_field(template, opened, field)
    return Desk(template, base, new, opened, about, form, columns, wrong=wrong, sent=sent)


def read(text: str, name: str = "") -> Template:
    """The draft that the page carried. Raises ``InvalidTemplate``."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidTemplate("The page was not sent whole.") from error
    if not isinstance(data, Mapping):
        raise InvalidTemplate("The page was not sent whole.")
    fields, label = data.get("fields"), data.get("label")
    given = name or data.get("name")
    whole = template_from_dict(
        {
            **data,
            "name": given or "draft",
            "label": label or "draft",
            "fields": fields or [{"name": CATALOGUE[0].name}],
        }
    )
    return replace(
        without_learned(whole),
        name=given or "",
        label=label or "",
        fields=without_learned(whole).fields if fields else (),
    )


def begun_with(tenant: Tenant, base: str) -> Template | None:
    """The template that a draft began with, None for none; one deleted since is none."""
    try:
        return templates.get(tenant, base) if base else None
    except TemplateNotFound:
        return None


def named(template: Template, taken: Collection[str]) -> Template:
    """The draft with a name made from its title, where it has none; none of those taken."""
    if template.name:
        return template
    name = slug(template.label, "-")
    names = (name, *(f"{name}-{number}" for number in range(2, len(taken) + 3)))
    return replace(template, name=next(each for each in names if each not in taken))


def finished(template: Template, base: Template | None) -> Template:
    """The draft with what its fields had learned, where they are still of the same kind.

    Raises ``InvalidTemplate`` where it is none yet.
    """
    known = {field.name: field for field in base.fields} if base else {}
    fields = tuple(
        replace(field, learned=known[field.name].learned)
        if field.name in known and known[field.name].kind == field.kind
        else field
        for field in template.fields
    )
    return templates.read_template(template_to_dict(replace(template, fields=fields)))


def unsaved(desk: Desk, base: Template | None) -> list[str]:
    """What the draft changes, in sentences."""
    if base is None:
        base = Template("", desk.template.label, ())
    return changes(without_learned(base), desk.template)


def without_learned(template: Template) -> Template:
    """The template as a draft carries it."""
    return replace(template, fields=tuple(replace(each, learned=()) for each in template.fields))


def with_field(template: Template, number: int, field: Field) -> Template:
    fields = list(template.fields)
    fields[number] = field
    return replace(template, fields=tuple(fields))


def _others(template: Template, number: int) -> list[str]:
    return [field.name for index, field in enumerate(template.fields) if index != number]


def _column_forms(field: Field, data: QueryDict | None = None) -> Any:
    """The forms of the columns of a table of one's own, else None."""
    if field.kind != "table" or field.name in PREDEFINED:
        return None
    initial = [
        {"name": c.name, "label": c.label, "kind": c.kind, "synonyms": c.synonyms}
        for c in field.columns
    ]
    return ColumnForms(data, prefix="column", initial=initial)
