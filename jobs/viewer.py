"""Failures explained to people: what happened, what was allowed, what to do next."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.numerals import numeral
from extraction.types import Failure
from jobs.failure_details import detail_words
from jobs.failure_titles import TITLES

# What the reader of an error can do next, by code
ADVICE: dict[str, Promise | str] = {
    "unsupported_type": _(
        "Save or print the document as PDF, PNG or JPEG and send that. "
        "The content decides, not the file's name."
    ),
    "file_too_large": _("Split the document, or scan it with fewer dots per inch."),
    "too_many_pages": _("Split the document and send its parts."),
    "image_too_large": _("Scale the picture down and send it again."),
    "page_too_large": _("Save the page in a smaller size and send it again."),
    "encrypted": _("Give its password and try again."),
    "wrong_password": _("Give the right password and try again."),
    "corrupt_document": _(
        "Open the file on your computer; if it opens, save it anew and send that."
    ),
    "empty_document": _("Check that the file has content, then send it again."),
    "page_timeout": _(
        "Print the document to a new PDF, which simplifies its pages, and send that."
    ),
    "document_crashed_worker": _("Print the document to a new PDF and send that."),
    "invalid_option": _("Correct the option and send the document again."),
    "address_refused": _(
        "Give an address that begins with https:// and that is on the internet, or save the file "
        "and send that."
    ),
    "fetch_failed": _("Open the address in a browser; if the file comes, save it and send that."),
    "busy": _("Wait a little and send it again."),
    "template_not_found": _("Choose another template under Options and send it again."),
    "template_exists": _("Choose another name."),
    "too_many_templates": _("Delete one that you no longer need, then do it again."),
    "nothing_to_learn": _("Confirm documents that were read with the template first."),
    "quota_exceeded": _("Send it again when there is room, or ask for a larger plan."),
    "budget_exceeded": _("Send it again next month, or have an owner raise the budget."),
    "engine_not_allowed": _("Choose another engine under Options, or ask for another plan."),
    "engine_unavailable": _("Wait a few minutes, or choose another engine under Options."),
    "engine_failed": _("Send it again, or choose another engine under Options."),
    "storage_unavailable": _("Nothing was lost on your side; try again in a minute."),
    "stopped_by_operator": _("Ask whoever runs this site before you send the document again."),
    "internal_error": _("Try again; if it goes on, tell whoever runs this installation."),
    "result_not_ready": _("Wait until the job has ended."),
    "already_ended": _("Nothing is left to cancel."),
    "not_ended": _("Wait until the job has ended, or cancel it."),
    "nothing_to_retry": _("Every page was read: there is nothing to try again."),
    "queue_full": _("Wait a few minutes and send it again."),
    "expired": _("Send the document again to have it read."),
    "not_made": _(
        "Send the document again with “Make a searchable PDF” ticked under Options, "
        "or take another format."
    ),
}

# In what a limit is told, by code; nothing where the number speaks for itself
UNITS = {
    "too_many_pages": _("pages"),
    "image_too_large": _("pixels"),
    "page_timeout": _("seconds"),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """A failure for people; ``allowed`` and ``actual`` are "" where no limit was crossed."""

    title: str
    detail: str = ""
    allowed: str = ""
    actual: str = ""
    advice: str = ""
    subject: str = ""  # the file or page it is about


def explain(failure: Failure, subject: str = "") -> Problem:
    """The failure in words, with its limit in its unit and what to do next."""
    if failure.code == "unsupported_type":  # its detail lists formats, as programs want them
        return Problem(str(TITLES[failure.code]), advice=str(ADVICE[failure.code]), subject=subject)
    told = failure.code in (
        "quota_exceeded",
        "budget_exceeded",
    )  # in its detail, and not of this document alone
    return Problem(
        title=str(TITLES.get(failure.code, failure.title)),
        detail=detail_words(failure.detail) if failure.detail != failure.title else "",
        allowed="" if told else _measured(failure.code, failure.limit),
        actual="" if told else _measured(failure.code, failure.actual),
        advice=str(ADVICE.get(failure.code, "")),
        subject=subject,
    )


def _measured(code: str, value: float | None) -> str:
    if value is None:
        return ""
    if code == "file_too_large":
        return size(value)
    return f"{numeral(value, ',.0f')} {UNITS.get(code, '')}".rstrip()


def size(count: float) -> str:
    """Bytes in decimal units: "640 bytes", "53.6 kB", "50 MB"."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= factor:
            tenths = round(count / factor, 1)
            return f"{numeral(tenths, '.0f' if tenths == int(tenths) else '.1f')} {unit}"
    whole = round(count)
    return ngettext("%(count)d byte", "%(count)d bytes", whole) % {"count": whole}
