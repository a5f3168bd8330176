"""The template editor: a new template or the next version of one, with a sample beside it.

The page carries a draft; each button sends it whole and gets the page back, or with htmx the part
that ``HX-Target`` names. Nothing is kept on the server until it is saved.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.generic import View
from django_htmx.http import HttpResponseClientRedirect

from accounts import limits
from accounts.audit import address_of
from accounts.refusal_words import wait_words
from accounts.tenancy import PageMixin, actor_of, tenant_of
from extraction.errors import ExtractionError
from extraction.fields.templates import Template, starters
from jobs import (
    template_buttons,
    template_desk,
    template_sample,
    templates,
    viewer,
)
from jobs.errors import TemplateExists, VersionConflict
from jobs.labels import template_label
from jobs.models import FieldTemplate, FieldTemplateVersion
from jobs.template_answers import part_of, refused, shown, uploaded
from jobs.template_changes import as_note
from jobs.template_desk import Desk
from jobs.template_pages import READ, WRITE, OneTemplate, read_page
from jobs.template_sample import Sample
from jobs.views import ProblemPage


@method_decorator(csrf_exempt, name="dispatch")  # checked around post, as in jobs.views.NewJobPage
class EditorPage(ProblemPage, PageMixin, View):
    """What the pages that edit a template share."""

    def answer(self, request: HttpRequest, row: FieldTemplate | None) -> HttpResponseBase:
        """What was pressed, done; ``row`` is the template that is edited, None for a new one."""
        try:
            return self._answer(request, row)
        except limits.RateLimited as error:
            problem = viewer.Problem(_("Too many documents in a short time"), wait_words(error))
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
            chosen, page = str(uploaded(request).pk), ""
        sample = template_sample.sample_of(tenant, chosen, page)
        if command in ("save", "save-over") and not desk.wrong:
            return self._saved(request, row, desk, sample, over=command == "save-over")
        if command not in ("sample", "page", "upload", "test", "find", "save", "save-over"):
            desk = template_buttons.done(desk, command, what)
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
        if part_of(request):
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
            label = _("Copy of %(label)s") % {"label": template_label(template)}
            if asked.version is None:
                label = template_label(template)
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
