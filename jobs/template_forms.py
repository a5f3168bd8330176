"""The forms of the template editor: the template itself, one field of it, a table's columns.

What they take are a template's own JSON rows (extraction/schema/template.schema.json), with
confidences and places in percent and lists of texts one a line.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from extraction.errors import InvalidTemplate
from extraction.fields import CATALOGUE
from extraction.fields.definition import Field
from extraction.fields.document_types import DOCUMENT_TYPES
from extraction.fields.kinds import KINDS
from extraction.fields.templates import Template, field_row, template_from_dict
from jobs.failure_details import detail_words
from jobs.labels import field_label, kind_label, type_label
from jobs.template_inputs import TEXT, LineField, LinesField, PercentField
from jobs.templates import NAME, RESERVED

PREDEFINED = {field.name: field for field in CATALOGUE}
NEW = "new_field"  # how the names of own fields begin that nobody has named yet
FIELD_NAME = "[a-z][a-z0-9_]{0,59}"
EDGES = ("left", "top", "right", "bottom")
PAGES = 10  # those that a place can be on, by name


def kinds(*, table: bool = True) -> list[tuple[str, str]]:
    """The kinds of values to choose from."""
    return [(name, kind_label(name)) for name in KINDS if table or name != "table"]


def document_types() -> list[tuple[str, str]]:
    """The types of documents to choose from."""
    return [
        ("", _("None: used only where it is named")),
        *((kind.name, type_label(kind.name)) for kind in DOCUMENT_TYPES),
    ]


class AboutForm(forms.Form):
    """What a template is called and what it is for; a new one's ``name`` is asked for too."""

    label = LineField(
        label=gettext_lazy("Title"),
        max_length=100,
        error_messages={"required": gettext_lazy("Give the template a title.")},
        widget=forms.TextInput(attrs=TEXT),
    )
    name = forms.RegexField(
        f"^{NAME}\\Z",
        label=gettext_lazy("Name"),
        required=False,
        help_text=gettext_lazy("For the API: small letters, digits, - and _. Made from the title."),
        error_messages={
            "invalid": gettext_lazy("Use small letters, digits, - and _, at most 60 of them.")
        },
        widget=forms.TextInput(attrs=TEXT),
    )
    document_type = forms.ChoiceField(
        label=gettext_lazy("Type of document"),
        required=False,
        choices=document_types,
        help_text=gettext_lazy("Documents of this type are read with it by themselves."),
    )
    issuers = LinesField(
        label=gettext_lazy("Only from these issuers"),
        most=20,
        help_text=gettext_lazy("One a line, as printed on the document. Empty: from anybody."),
    )
    threshold = PercentField(
        label=gettext_lazy("Check values below (%)"),
        help_text=gettext_lazy("Confidence below which a person looks. Empty: the usual one."),
    )

    def __init__(self, *args: Any, new: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not new:
            del self.fields["name"]

    def clean_name(self) -> str:
        """The name, none that the site needs itself."""
        name: str = self.cleaned_data["name"]
        if name in RESERVED:
            raise forms.ValidationError(_("This name is taken by the site. Choose another."))
        return name


class FieldForm(forms.Form):
    """What is known of one field; ``field`` is as it was before."""

    label = LineField(
        label=gettext_lazy("Label"), required=False, max_length=100,
        widget=forms.TextInput(attrs=TEXT),
    )  # fmt: skip
    kind = forms.ChoiceField(label=gettext_lazy("Kind of value"), choices=kinds)
    required = forms.BooleanField(
        label=gettext_lazy("Required: a person looks where it is not found"), required=False
    )
    synonyms = LinesField(
        label=gettext_lazy("Labels on the document"),
        most=50,
        help_text=gettext_lazy("What is printed beside or above the value, one a line."),
    )
    weak = LinesField(
        label=gettext_lazy("Labels that may mean it"),
        most=50,
        help_text=gettext_lazy("One a line. They count where nothing better is found."),
    )
    anchors = LinesField(
        label=gettext_lazy("Only after these texts"),
        most=50,
        help_text=gettext_lazy("One a line. The value stands below one or to its right."),
    )
    examples = LinesField(
        label=gettext_lazy("Examples"),
        most=20,
        help_text=gettext_lazy("Values as they are written, one a line."),
    )
    pattern = forms.CharField(
        label=gettext_lazy("Pattern"),
        required=False,
        max_length=500,
        strip=False,
        help_text=gettext_lazy(
            r"A regular expression that the whole value matches, such as V-\d{6}."
        ),
        widget=forms.TextInput(attrs={"class": "code", **TEXT}),
    )
    instruction = forms.CharField(
        label=gettext_lazy("Instruction for models"),
        required=False,
        max_length=2000,
        help_text=gettext_lazy("In your words, for engines that are language models."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    threshold = PercentField(
        label=gettext_lazy("Check values below (%)"),
        help_text=gettext_lazy("Empty: as for the whole template."),
    )
    left = PercentField(label=gettext_lazy("Left (%)"))
    top = PercentField(label=gettext_lazy("Top (%)"))
    right = PercentField(label=gettext_lazy("Right (%)"))
    bottom = PercentField(label=gettext_lazy("Bottom (%)"))
    page = forms.ChoiceField(label=gettext_lazy("On"), required=False)
    name = forms.RegexField(
        f"^{FIELD_NAME}\\Z",
        label=gettext_lazy("Name in results"),
        required=False,
        help_text=gettext_lazy("Small letters, digits and _. Empty: made from the label."),
        error_messages={
            "invalid": gettext_lazy("Use small letters, digits and _, a letter first.")
        },
        widget=forms.TextInput(attrs=TEXT),
    )

    def __init__(
        self, data: Any = None, *, field: Field, taken: Iterable[str] = (), prefix: str = "field"
    ) -> None:
        self.before, self.taken = field, frozenset(taken)
        self.own = field.name not in PREDEFINED
        super().__init__(data, initial=_initial(field), prefix=prefix)
        self.columns: list[dict[str, Any]] = []  # the rows of a table of one's own
        page = self.fields["page"]
        assert isinstance(page, forms.ChoiceField)
        page.choices = _pages(field)
        if self.own:
            self.fields["label"].required = True
            self.fields["label"].error_messages["required"] = _("Give the field a label.")
        else:
            del self.fields["name"], self.fields["kind"]
            self.fields["label"].widget.attrs["placeholder"] = field_label(PREDEFINED[field.name])
        if field.kind == "table":
            for name in ("anchors", "examples", "pattern", *EDGES):
                del self.fields[name]
            del self.fields["page"]

    def clean_name(self) -> str:
        """The name, from the label where none is given; no other field has it."""
        name: str = self.cleaned_data["name"]
        if not name:
            return free(slug(self.cleaned_data.get("label", ""), "_"), self.taken)
        if name in self.taken:
            raise forms.ValidationError(_("Another field of the template has this name."))
        if name in PREDEFINED:
            raise forms.ValidationError(
                _("A predefined field has this name. Add that one, or choose another name.")
            )
        return name

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        edges = {name: data.get(name) for name in EDGES}
        if self.errors or all(edge is None for edge in edges.values()):
            return data
        for name, edge in edges.items():
            if edge is None:
                self.add_error(name, _("Give all four edges, or none."))
                return data
        if data["left"] >= data["right"]:
            self.add_error("right", _("It must be more than the left edge."))
        if data["top"] >= data["bottom"]:
            self.add_error("bottom", _("It must be more than the top edge."))
        return data

    def field(self) -> Field | None:
        """The field as the valid form has it; None where it turns out to be none, with the error.

        ``columns`` are to be set before.
        """
        try:
            return template_from_dict({"name": "x", "fields": [self._row()]}).fields[0]
        except InvalidTemplate as error:
            _place, _gap, reason = error.detail.removeprefix("template: ").partition(": ")
            named = next((name for name in self.fields if f"/{name}" in _place), None)
            self.add_error(named, _reason(named, reason))
            return None

    def _row(self) -> dict[str, Any]:
        data = self.cleaned_data
        row: dict[str, Any] = {
            "name": data.get("name") or self.before.name,
            "required": data["required"],
            "threshold": data["threshold"],
        }
        if data["label"]:
            row["label"] = data["label"]
        for name in ("synonyms", "weak", "anchors", "examples", "pattern", "instruction"):
            if data.get(name):
                row[name] = data[name]
        edges = [data.get(name) for name in EDGES]
        if None not in edges:
            row["region"] = {"box": edges, "page": int(data["page"]) if data["page"] else None}
        if self.own:
            row["kind"] = data["kind"]
            if data["kind"] == "table":
                row["columns"] = self.columns or [_first_column()]
        return row


class ColumnForm(forms.Form):
    """A column of a table of one's own."""

    name = forms.RegexField(f"^{FIELD_NAME}\\Z", required=False, widget=forms.HiddenInput())
    label = LineField(
        label=gettext_lazy("Column"),
        max_length=100,
        error_messages={"required": gettext_lazy("Give the column a label.")},
        widget=forms.TextInput(attrs=TEXT),
    )
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=lambda: kinds(table=False))
    synonyms = LinesField(label=gettext_lazy("Other headings"), most=50)


ColumnForms = forms.formset_factory(ColumnForm, extra=0, max_num=30, absolute_max=30)


def column_rows(cleaned: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The columns as a template's JSON has them, names made where there are none."""
    rows: list[dict[str, Any]] = []
    for each in cleaned:
        taken = {row["name"] for row in rows}
        name = each.get("name") or slug(each["label"], "_")
        name = free(name, taken)
        rows.append({**each, "name": name})
    return rows


def slug(text: str, joint: str) -> str:
    """A name made of a text's letters and digits, with that between its words.

    Letters without a Latin base give nothing; then it is "template" or "field".
    """
    plain = text.lower()
    for letter, letters in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss")):
        plain = plain.replace(letter, letters)
    plain = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()
    name = re.sub("[^a-z0-9]+", joint, plain).strip(joint)[:50].strip(joint)
    if joint == "_" and (not name or not name[0].isalpha()):
        return f"field_{name}".rstrip("_")
    return name or "template"


def free(name: str, taken: Iterable[str]) -> str:
    """The name, with a number behind it where it or a predefined field has it."""
    names = {*taken, *PREDEFINED}
    if name not in names:
        return name
    return next(f"{name}_{n}" for n in range(2, len(names) + 3) if f"{name}_{n}" not in names)


def about_initial(template: Template) -> dict[str, Any]:
    """What the form of a template begins with."""
    return {
        "label": template.label,
        "name": template.name,
        "document_type": template.document_type,
        "issuers": template.issuers,
        "threshold": template.threshold,
    }


def _initial(field: Field) -> dict[str, Any]:
    row = field_row(field)
    region = row.pop("region", None)
    own = field.name not in PREDEFINED
    usual = "" if own else PREDEFINED[field.name].label
    return {
        **row,
        "label": field.label if own or field.label != usual else "",
        "name": "" if field.name.startswith(NEW) else field.name,
        **(dict(zip(EDGES, region["box"], strict=True))
           if region else {}),
        "page": str(region["page"] or "") if region else "",
    }  # fmt: skip


def page_name(number: int) -> str:
    """A page of a place in words; from the end if negative."""
    if number in (1, -1):
        return _("the first page") if number > 0 else _("the last page")
    if number > 0:
        return _("page %(number)d") % {"number": number}
    return _("page %(number)d from the end") % {"number": -number}


def _pages(field: Field) -> list[tuple[str, str]]:
    given = field.region.page if field.region else None
    numbers = [1, -1, *range(2, PAGES + 1), *([given] if given else [])]
    return [("", _("any page")), *((str(n), page_name(n)) for n in dict.fromkeys(numbers))]


def _first_column() -> dict[str, Any]:
    return {"name": "column_1", "label": _("First column"), "kind": "text", "synonyms": []}


def _reason(name: str | None, reason: str) -> str:
    """Why the service refuses a field, in words of the page."""
    if name == "pattern":
        if "takes too long" in reason or "too complicated" in reason:
            return _("The pattern takes too long. Make it simpler: no repetition within another.")
        if "not a regular expression" in reason:
            why = reason.partition("expression: ")[2]
            return _("This is no regular expression: %(why)s") % {"why": why}
        return _("The pattern holds characters that cannot be kept.")
    return _("This cannot be kept: %(reason)s") % {
        "reason": detail_words(reason) or _("it is not valid")
    }
