"""The template editor: a new template or the next version of one, with a sample beside it.

The page carries a draft; each button sends it whole and gets the page back, or with htmx the part
that ``HX-Target`` names. Nothing is kept on the server until it is saved.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.generic import View
from django_htmx.http import HttpResponseClientRedirect

from accounts import limits
from accounts.audit import address_of
from accounts.tenancy import PageMixin, actor_of, tenant_of
from extraction.errors import ExtractionError
from extraction.fields import CATALOGUE
from extraction.fields.definition import Field
from extraction.fields.document_types import DOCUMENT_TYPES
from extraction.fields.templates import Template, starters
from extraction.options import Options
from jobs import bench, submit, template_desk, template_list, template_sample, templates, viewer
from jobs.errors import TemplateExists, VersionConflict
from jobs.forms import ACCEPTED
from jobs.models import FieldTemplate, FieldTemplateVersion, Job
from jobs.plan_engines import default_engine
from jobs.template_changes import as_note
from jobs.template_desk import Desk
from jobs.template_pages import READ, WRITE, OneTemplate, read_page, wait_for
from jobs.template_sample import Sample
from jobs.views import ProblemPage

PARTS = {
    "editor": "field_templates/_editor.html",
    "sample": "field_templates/_sample.html",
    "catalogue": "field_templates/_catalogue.html",
    "tried": "field_templates/_tried.html",
}
OFFERED = 12  # predefined fields shown at once


@method_decorator(csrf_exempt, name="dispatch")  # checked around post, as in jobs.views.NewJobPage
class EditorPage(ProblemPage, PageMixin, View):
    """What the pages that edit a template share."""

    def answer(self, request: HttpRequest, row: FieldTemplate | None) -> HttpResponseBase:
        """What was pressed, done; ``row`` is the template that is edited, None for a new one."""
        try:
            return self._answer(request, row)
        except limits.RateLimited as error:
            problem = viewer.Problem(_("Too many documents in a short time"), wait_for(error))
            return refused(request, problem, error.status_code)

    @method_decorator(csrf_protect)
    def _answer(self, request: HttpRequest, row: FieldTemplate | None) -> HttpResponseBase:
        data, tenant = request.POST, tenant_of(request)
        command, _colon, what = data.get("do", "").partition(":")
        desk = template_desk.received(data, new=row is None, name=row.name if row else "")
        chosen, page = data.get("sample", ""), data.get("page", "")
        if command == "sample":
            chosen, page = data.get("document", ""), ""
        elif command == "page":
            page = what
        elif command == "upload":
            chosen, page = str(_uploaded(request).pk), ""
        sample = template_sample.sample_of(tenant, chosen, page)
        if command in ("save", "save-over") and not desk.wrong:
            return self._saved(request, row, desk, sample, over=command == "save-over")
        if command not in ("sample", "page", "upload", "test", "find", "save", "save-over"):
            desk = template_desk.done(desk, command, what)
        return shown(request, row, desk, sample)

    def _saved(
        self,
        request: HttpRequest,
        row: FieldTemplate | None,
        desk: Desk,
        sample: Sample | None,
        *,
        over: bool,
    ) -> HttpResponseBase:
        """On to the saved template, or the page again with what was wrong."""
        actor = actor_of(request)
        base = template_desk.begun_with(actor.tenant, desk.base)
        if not desk.template.fields:
            problem = viewer.Problem(
                _("A template needs a field at least"), advice=_("Add one below, then save.")
            )
            return shown(request, row, desk, sample, problems=[problem], status=400)
        note = request.POST.get("note", "").strip() or as_note(template_desk.unsaved(desk, base))
        taken = {name for name, _label in templates.names(actor.tenant)}
        taken |= {*templates.RESERVED, *(starter.name for starter in starters())}
        try:
            template = template_desk.finished(template_desk.named(desk.template, taken), base)
            version = _written(request, row, template, desk.base, note[:200], over=over)
        except TemplateExists:
            desk.about.add_error("name", _("You have a template of this name already."))
            return shown(request, row, replace(desk, wrong=True), sample, status=400)
        except VersionConflict:
            return shown(request, row, desk, sample, conflict=True, status=409)
        except ExtractionError as error:
            problems = [viewer.explain(error.failure())]
            return shown(request, row, desk, sample, problems=problems, status=error.status)
        told = _("Saved as version %(number)d.") % {"number": version.number}
        if row is not None and version.number == row.version:
            told = _("Nothing had changed, so there is no new version.")
        messages.success(request, told)
        address = reverse("template-page", args=[version.template.name])
        if sample:
            address += f"?sample={sample.job.pk}"
            address += f"&page={sample.sheet.number}" if sample.sheet else ""
        if _part(request):
            return HttpResponseClientRedirect(address)
        return redirect(address)


class NewTemplatePage(EditorPage):
    """Making a template: how to begin, then the editor."""

    actions: ClassVar[Mapping[str, str]] = {"get": WRITE, "post": WRITE}

    def get(self, request: HttpRequest) -> HttpResponse:
        """``from`` is the template to copy, ``empty`` begins with nothing; else the choice."""
        tenant, name = tenant_of(request), request.GET.get("from", "")
        if not name and "empty" not in request.GET:
            context = {"starters": starters(), "own": templates.names(tenant)}
            return render(request, "field_templates/new.html", context)
        template, base = Template("", "", ()), ""
        if name:
            asked = templates.resolve(tenant, name)
            template, base = templates.get(tenant, asked.name), asked.name
            label = _("Copy of %(label)s") % {"label": template.label}
            if asked.version is None:
                label = _(template.label)
            template = replace(template, name="", label=label[:100])
        desk = template_desk.laid_out(template, base=base, new=True, focus="id_about-label")
        sample = template_sample.sample_of(tenant, request.GET.get("sample", ""))
        return shown(request, None, desk, sample)

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """What was pressed, done."""
        return self.answer(request, None)


class TemplatePage(OneTemplate, EditorPage):
    """A template: the editor for those who may change it, for others to look at."""

    actions: ClassVar[Mapping[str, str]] = {"get": READ, "post": WRITE}

    def get(self, request: HttpRequest, name: str) -> HttpResponse:
        """``version`` shows an earlier one, ``sample`` and ``page`` a document beside it."""
        tenant = tenant_of(request)
        version = templates.version_of(tenant, name)
        if version is None or not actor_of(request).may(WRITE) or "version" in request.GET:
            return read_page(request, name)
        desk = template_desk.laid_out(templates.parsed(version), base=str(version), new=False)
        sample = template_sample.sample_of(
            tenant, request.GET.get("sample", ""), request.GET.get("page", "")
        )
        return shown(request, version.template, desk, sample)

    def post(self, request: HttpRequest, name: str) -> HttpResponseBase:
        """What was pressed, done."""
        return self.answer(request, self.get_object())


@method_decorator(csrf_exempt, name="dispatch")  # checked around post, as above
class ProposePage(ProblemPage, PageMixin, View):
    """A template from a sample document: its fields proposed, to be ticked."""

    actions: ClassVar[Mapping[str, str]] = {"get": WRITE, "post": WRITE}

    def get(self, request: HttpRequest) -> HttpResponse:
        """``sample`` is the document: watched until it is read, then what it holds."""
        sample = template_sample.sample_of(
            tenant_of(request), request.GET.get("sample", ""), request.GET.get("page", "")
        )
        context = {**_sample_context(request, sample), "here": request.get_full_path()}
        if sample and sample.readable:
            try:
                limits.admit(request, "try")
                context |= _proposed(sample)
            except limits.RateLimited as error:
                problem = viewer.Problem(_("Too much at once"), advice=wait_for(error))
                return refused(request, problem, error.status_code)
            except ExtractionError as error:
                context["problems"] = [viewer.explain(error.failure())]
        part = "field_templates/_proposed.html"
        response = render(
            request, part if _part(request) else "field_templates/propose.html", context
        )
        patch_vary_headers(response, ["HX-Request", "HX-Target"])
        return response

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """A document chosen or sent; or the ticked fields, and on to the editor with them."""
        try:
            return self._taken(request)
        except limits.RateLimited as error:
            problem = viewer.Problem(_("Too many documents in a short time"), wait_for(error))
            return refused(request, problem, error.status_code)

    @method_decorator(csrf_protect)
    def _taken(self, request: HttpRequest) -> HttpResponseBase:
        data, address = request.POST, reverse("template-propose-page")
        if data.get("do") == "upload":
            return redirect(f"{address}?sample={_uploaded(request).pk}")
        if data.get("do") == "sample":
            chosen = template_sample.sample_of(tenant_of(request), data.get("document", ""))
            return redirect(f"{address}?sample={chosen.job.pk}" if chosen else address)
        sample = template_sample.sample_of(tenant_of(request), data.get("sample", ""))
        proposal = template_desk.read(data.get("draft", ""))
        wanted = set(data.getlist("wanted"))
        fields = tuple(field for field in proposal.fields if field.name in wanted)
        desk = template_desk.laid_out(
            replace(proposal, name="", fields=fields), base="", new=True, focus="id_about-label"
        )
        return shown(request, None, desk, sample, whole=True)


def _proposed(sample: Sample) -> dict[str, Any]:
    """The proposal for the page: each field with what it finds on the document."""
    proposal = bench.propose(sample.job, "draft")
    found = template_sample.tried(sample, proposal)
    desk = template_desk.laid_out(proposal, base="", new=True)
    rows = [(field, found.values.get(field.name, [])) for field in proposal.fields]
    return {"proposal": proposal, "draft": desk.draft, "proposed": rows, "found": found}


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
    part = "" if whole else _part(request)
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
    context |= _sample_context(request, sample)
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


def _sample_context(request: HttpRequest, sample: Sample | None) -> dict[str, Any]:
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
        texts = (field.label, _(field.label), field.name, *field.synonyms)
        return all(any(word in text.lower() for text in texts) for word in words.split())

    def of_type(field: Field) -> bool:
        return not kind or kind in field.document_types

    # a word is looked for in all types, that type's own fields first
    rows = [field for field in CATALOGUE if (fits(field) if words else of_type(field))]
    rows.sort(key=of_type, reverse=True)
    return {
        "find": words,
        "of": kind,
        "types": [(each.name, _(each.label)) for each in DOCUMENT_TYPES],
        "offered": [(field, field.name in known) for field in rows[:OFFERED]],
        "hidden": max(len(rows) - OFFERED, 0),
    }


def _written(
    request: HttpRequest,
    row: FieldTemplate | None,
    template: Template,
    base: str,
    note: str,
    *,
    over: bool,
) -> FieldTemplateVersion:
    actor, address = actor_of(request), address_of(request)
    if row is None:
        return templates.create(
            tenant=actor.tenant, actor=actor, template=template, note=note, address=address
        )
    number = base.rpartition("@")[2]
    expected = int(number) if number.isascii() and number.isdecimal() else 0
    version, _made = templates.replace(
        tenant=actor.tenant,
        actor=actor,
        template=template,
        expected=row.version if over else expected,
        note=note,
        address=address,
    )
    return version


def _uploaded(request: HttpRequest) -> Job:
    """The document that was sent as a sample, as a job. Raises as ``submit.submit_job``."""
    actor = actor_of(request)
    upload: Any = request.FILES.get("file")
    if upload is None or not actor.may("jobs:write"):
        raise NoFile()
    limits.admit(request, "submit")
    return submit.submit_job(
        actor=actor,
        upload=upload,
        options=Options(engine=default_engine(actor.tenant), preview=True),
        address=address_of(request),
    )


class NoFile(ExtractionError):
    """Nothing was sent, or by somebody who may not."""

    code = "invalid_option"
    title = "Choose a document first"
    status = 400


def _part(request: HttpRequest) -> str:
    """The part of the page that htmx asks for, "" for the whole."""
    if request.headers.get("HX-Request") != "true":
        return ""
    target = request.headers.get("HX-Target", "")
    return target if target in (*PARTS, "proposed") else ""
