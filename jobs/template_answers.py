"""What the template editor answers: its page or a part of it, with the sample beside it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _

from accounts import limits
from accounts.audit import address_of
from accounts.tenancy import actor_of, tenant_of
from extraction.errors import ExtractionError
from extraction.fields import CATALOGUE
from extraction.fields.definition import Field
from extraction.fields.document_types import DOCUMENT_TYPES
from extraction.fields.templates import Template
from jobs import submit, template_desk, template_list, template_sample, viewer
from jobs.forms import ACCEPTED
from jobs.labels import field_label, type_label
from jobs.models import FieldTemplate, Job
from jobs.template_desk import Desk
from jobs.template_sample import Sample
from jobs.usual_options import usual_options

PARTS = {
    "editor": "field_templates/_editor.html",
    "sample": "field_templates/_sample.html",
    "catalogue": "field_templates/_catalogue.html",
    "tried": "field_templates/_tried.html",
}
OFFERED = 12  # predefined fields shown at once


def shown(
    request: HttpRequest,
    row: FieldTemplate | None,
    desk: Desk,
    sample: Sample | None,
    *,
    status: int = 200,
    whole: bool = False,
    **more: Any,
) -> HttpResponse:
    """The editor's page, or the part of it that htmx asked for, then always with status 200."""
    part = "" if whole else part_of(request)
    base = template_desk.begun_with(tenant_of(request), desk.base)
    context: dict[str, Any] = {
        "desk": desk,
        "row": row,
        "tab": "fields",
        "may_write": True,
        "action": reverse("template-page", args=[row.name])
        if row
        else reverse("template-new-page"),
        "part": part,
        "unsaved": template_desk.unsaved(desk, base),
        "note": request.POST.get("note", ""),
        "rows": list(zip(desk.sent, desk.template.fields, strict=True)),
        "learned": {f.name: len(f.learned) for f in base.fields if f.learned} if base else {},
        **more,
    }
    context |= sample_context(request, sample)
    if part in ("", "catalogue", "editor"):
        context |= _catalogue(request, desk)
    if part == "tried" or (not part and request.method == "POST"):
        context |= _tried(request, desk, base, sample)
    template = PARTS.get(part, "field_templates/edit.html")
    response = render(request, template, context, status=200 if part else status)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def refused(request: HttpRequest, problem: viewer.Problem, status: int) -> HttpResponse:
    """A page that says why nothing was done."""
    return render(request, "jobs/problem.html", {"problem": problem}, status=status)


def _tried(
    request: HttpRequest, desk: Desk, base: Template | None, sample: Sample | None
) -> dict[str, Any]:
    """What the draft finds on the sample, or why it was not tried."""
    if sample is None or not sample.readable:
        return {}
    if desk.wrong:
        return {"untried": _("Correct what is marked first; then it is tried.")}
    if not desk.template.fields:
        return {"untried": _("Add a field, and it is looked for here.")}
    try:
        limits.admit(request, "try")
        named = replace(desk.template, name=desk.template.name or "draft")
        return {"found": template_sample.tried(sample, template_desk.finished(named, base))}
    except limits.RateLimited as error:
        return {"untried": _("Tried very often: it goes on in a moment."), "wait": error.wait}
    except ExtractionError as error:
        return {"untried": viewer.explain(error.failure()).title}


def sample_context(request: HttpRequest, sample: Sample | None) -> dict[str, Any]:
    actor = actor_of(request)
    return {
        "sample": sample,
        "documents": template_list.recent_documents(actor.tenant),
        "may_submit": actor.may("jobs:write"),
        "accepted": ACCEPTED,
    }


def _catalogue(request: HttpRequest, desk: Desk) -> dict[str, Any]:
    """The predefined fields to add: of a type, or by words of their labels whatever their type."""
    words = request.POST.get("find", "").strip().lower()[:100]
    kind = request.POST.get("of", desk.template.document_type)
    known = {field.name for field in desk.template.fields}

    def fits(field: Field) -> bool:
        texts = (field.label, field_label(field), field.name, *field.synonyms)
        return all(any(word in text.lower() for text in texts) for word in words.split())

    def of_type(field: Field) -> bool:
        return not kind or kind in field.document_types

    # a word is looked for in all types, that type's own fields first
    rows = [field for field in CATALOGUE if (fits(field) if words else of_type(field))]
    rows.sort(key=of_type, reverse=True)
    return {
        "find": words,
        "of": kind,
        "types": [(each.name, type_label(each.name)) for each in DOCUMENT_TYPES],
        "offered": [(field, field.name in known) for field in rows[:OFFERED]],
        "hidden": max(len(rows) - OFFERED, 0),
    }


def uploaded(request: HttpRequest) -> Job:
    """The document that was sent as a sample, as a job. Raises as ``submit.submit_job``."""
    actor = actor_of(request)
    upload: Any = request.FILES.get("file")
    if upload is None or not actor.may("jobs:write"):
        raise NoFile()
    limits.admit(request, "submit")
    return submit.submit_job(
        actor=actor,
        upload=upload,
        options=replace(usual_options(actor.tenant), outputs=(), split=False),
        address=address_of(request),
    )


class NoFile(ExtractionError):
    """Nothing was sent, or by somebody who may not."""

    code = "invalid_option"
    title = "Choose a document first"
    status = 400


def part_of(request: HttpRequest) -> str:
    """The part of the page that htmx asks for, "" for the whole."""
    if request.headers.get("HX-Request") != "true":
        return ""
    target = request.headers.get("HX-Target", "")
    return target if target in (*PARTS, "proposed") else ""
