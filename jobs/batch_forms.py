"""The form for many documents at once."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from accounts.name_fields import NameField
from jobs.forms import ACCEPTED, FilesField, FilesInput, UploadForm


class BatchForm(UploadForm):
    """Many documents, or zip archives of them, all with the same options."""

    file = FilesField(
        label=_("Documents"),
        widget=FilesInput(attrs={"accept": f"{ACCEPTED},.zip,application/zip"}),
    )
    url = None  # type: ignore[assignment]  # documents of a batch are sent, or in a zip
    name = NameField(
        label=_("Name of the batch"),
        required=False,
        max_length=200,
        help_text=_("To know it again by, for example “Invoices of May”."),
    )
