"""The upload form: documents and the options they are read with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django import forms
from django.conf import settings
from django.forms.boundfield import BoundWidget
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from extraction.documents import parse_pages
from extraction.engines import ENGINES
from extraction.errors import InvalidOption
from extraction.fields import CATALOGUE
from extraction.fields.document_types import DOCUMENT_TYPES
from extraction.fields.templates import starters
from extraction.media_types import MEDIA_TYPES
from extraction.options import Options
from jobs.engine_titles import title_of
from jobs.failure_details import detail_words
from jobs.labels import field_label, template_label, type_label
from jobs.models import Priority
from jobs.retention import MAX_HOURS
from jobs.uploads import Upload

TEXT_LAYERS = (
    ("auto", _("Use it where it is sound")),
    ("ignore", _("Ignore it, read the picture")),
    ("only", _("Use nothing else, no OCR")),
)
PRIORITIES = (
    (Priority.NORMAL, _("Usual")),
    (Priority.HIGH, _("Before our other documents")),
    (Priority.LOW, _("After our other documents")),
)
PLAIN = Options(outputs=("pdf",), preview=True)
# HEIC left out: phones then hand over a JPEG
ACCEPTED = ",".join(
    suffix
    for name, kind in MEDIA_TYPES.items()
    if name != "image/heic"
    for suffix in (name, *kind.extensions)
)


def field_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """The catalogue's fields, each under the first type of document that it belongs to."""
    groups = []
    for kind in DOCUMENT_TYPES:
        fields = [field for field in CATALOGUE if field.document_types[0] == kind.name]
        groups.append((type_label(kind.name), [(each.name, field_label(each)) for each in fields]))
    return [(label, fields) for label, fields in groups if fields]


class FilesInput(forms.ClearableFileInput):
    """A file input that takes several files."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files, empty ones let through: what they hold is judged when they are submitted."""

    def clean(self, data: Any, initial: Any = None) -> list[Upload]:
        return [file for file in data or [] if file]


class UploadForm(forms.Form):
    """One job a document, all with the same options."""

    file = FilesField(
        label=_("Documents"), required=False, widget=FilesInput(attrs={"accept": ACCEPTED})
    )
    url = forms.CharField(
        label=_("Address of a document"),
        required=False,
        max_length=2000,
        help_text=_("A link that leads to the file itself, and that needs no sign-in."),
        widget=forms.URLInput(
            attrs={"placeholder": "https://example.com/invoice.pdf", "autocomplete": "off"}
        ),
    )
    engine = forms.ChoiceField(
        label=_("Engine"),
        choices=lambda: [(name, title_of(name)) for name in ENGINES],
        required=False,
        help_text=_("What reads the pages. The first choice suits most documents."),
    )
    template = forms.ChoiceField(
        label=_("Template"),
        required=False,
        help_text=_("Left open: one of your own that is for such documents, if any."),
    )
    pages = forms.CharField(
        label=_("Pages"),
        required=False,
        max_length=1000,
        help_text=_("For example 1-3,7. Left empty: all pages."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    password = forms.CharField(
        label=_("Password"),
        required=False,
        max_length=200,
        strip=False,
        help_text=_("For encrypted PDFs. Forgotten when the job has ended."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    text_layer = forms.ChoiceField(label=_("A PDF's own text"), choices=TEXT_LAYERS, required=False)
    priority = forms.ChoiceField(
        label=_("Priority"),
        choices=PRIORITIES,
        required=False,
        initial=Priority.NORMAL,
        help_text=_("When many of your organisation's documents wait."),
    )
    retention_hours = forms.IntegerField(
        label=_("Hours to keep it"),
        required=False,
        min_value=0,
        max_value=MAX_HOURS,
        help_text=_("Counted from its end. 0: until the first download. Empty: as long as usual."),
    )
    searchable_pdf = forms.BooleanField(
        label=_("Make a searchable PDF"),
        required=False,
        help_text=_("The original pages, their text to be selected and found."),
    )
    strip_furniture = forms.BooleanField(
        label=_("Leave out headers, footers and page numbers"),
        required=False,
        help_text=_("Watermarks too. They stay on the picture of the page."),
    )
    split = forms.BooleanField(
        label=_("Tell stapled documents apart"),
        required=False,
        help_text=_("For files that hold several documents. Each gets fields of its own."),
    )
    fields_wanted = forms.MultipleChoiceField(
        label=_("Fields to look for"),
        choices=field_choices,
        required=False,
        help_text=_("None chosen: those of the document's type."),
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(
        self,
        *args: Any,
        usual: Options = PLAIN,
        own_templates: Sequence[tuple[str, str]] = (),
        engines: Sequence[tuple[str, str]] = (),
        **kwargs: Any,
    ) -> None:
        """``usual`` is what the form begins at, and what holds where it has no field. ``engines``
        are the names and titles of those that are offered, without any all; ``own_templates`` the
        names and labels of the organisation's."""
        super().__init__(*args, **kwargs)
        self.usual = usual
        self.initial = {
            "engine": usual.engine,
            "text_layer": usual.text_layer,
            "searchable_pdf": "pdf" in usual.outputs,
            "strip_furniture": usual.strip_furniture,
            "split": usual.split,
        }
        if engines:
            engine = self.fields["engine"]
            assert isinstance(engine, forms.ChoiceField)
            engine.choices = list(engines)
        template = self.fields["template"]
        assert isinstance(template, forms.ChoiceField)
        own = {name for name, _ in own_templates}
        groups = [
            (gettext("Your own"), list(own_templates)),
            (
                gettext("Starters"),
                [(each.name, template_label(each)) for each in starters() if each.name not in own],
            ),
        ]
        template.choices = [
            ("", gettext("By the document")),
            *(group for group in groups if group[1]),
        ]

    def fields_by_type(self) -> list[tuple[str, list[BoundWidget]]]:
        """The boxes of ``fields_wanted`` under the types of documents."""
        boxes = iter(self["fields_wanted"])
        return [(label, [next(boxes) for _ in fields]) for label, fields in field_choices()]

    def clean_pages(self) -> str:
        pages: str = self.cleaned_data["pages"]
        try:
            parse_pages(pages, settings.LIMITS.max_pages)
        except InvalidOption as error:
            raise forms.ValidationError(
                detail_words(error.detail.removeprefix("pages: "))
            ) from error
        return pages

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not data.get("file") and not data.get("url") and not self.errors:
            self.add_error("file", gettext("Choose at least one document."))
        return data

    def documents(self) -> list[Upload | str]:
        """The valid form's files, and the address given."""
        url = self.cleaned_data["url"]
        return [*self.cleaned_data["file"], *([url] if url else [])]

    def chosen_priority(self) -> Priority:
        """The valid form's."""
        return Priority(int(self.cleaned_data["priority"] or Priority.NORMAL))

    def options(self) -> Options:
        """The valid form's options; pictures of the pages are always made."""
        data = self.cleaned_data
        return replace(
            self.usual,
            engine=data["engine"] or self.usual.engine,
            pages=data["pages"],
            fields=tuple(data["fields_wanted"]),
            template=data["template"],
            text_layer=data["text_layer"] or self.usual.text_layer,
            strip_furniture=data["strip_furniture"],
            split=data["split"],
            password=data["password"],
            outputs=("pdf",) if data["searchable_pdf"] else (),
            preview=True,
        )


class ReadAgainForm(forms.Form):
    """How a document that is there already is to be read once more."""

    engine = forms.ChoiceField(label=_("Engine"))
    pdf = forms.BooleanField(label=_("Make a searchable PDF"), required=False)
    password = forms.CharField(
        label=_("Password"),
        required=False,
        max_length=200,
        strip=False,
        help_text=_("Only for encrypted PDFs."),
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, engines: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        """``engines`` are the names and titles of those that are offered."""
        super().__init__(*args, **kwargs)
        engine = self.fields["engine"]
        assert isinstance(engine, forms.ChoiceField)
        engine.choices = list(engines)


class CorrectionForm(forms.Form):
    """What a person says of a field: that it is right, that it holds a text, or is not there.

    ``alternative`` is a text that was offered, taken instead of what was typed.
    """

    SAYS = (("right", "right"), ("holds", "holds"), ("absent", "absent"))

    version = forms.IntegerField(min_value=0)
    says = forms.ChoiceField(choices=SAYS, required=False)
    text = forms.CharField(required=False, max_length=2000, strip=False)
    alternative = forms.CharField(required=False, max_length=2000, strip=False)
    document = forms.IntegerField(required=False, min_value=1)
    force = forms.BooleanField(required=False)
