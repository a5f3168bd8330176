"""The tenant's pages of templates: the list, one of them, its versions, what it learned, its end.

Changing one is jobs/template_editor.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.generic import View
from django.views.generic.detail import SingleObjectMixin

from accounts import limits
from accounts.audit import address_of
from accounts.refusal_words import wait_words
from accounts.tenancy import PageMixin, actor_of, tenant_of
from extraction.fields.templates import starters
from jobs import learning, template_learning, template_list, templates, viewer
from jobs.labels import field_label
from jobs.models import FieldTemplate, FieldTemplateVersion
from jobs.template_changes import changes
from jobs.views import ProblemPage

READ, WRITE = "jobs:read", "templates:write"


class TemplateListPage(PageMixin, View):
    """The organisation's templates and the starters; importing one."""

    actions: ClassVar[Mapping[str, str]] = {"get": READ}

    def get(self, request: HttpRequest) -> HttpResponse:
        """``after`` (a name) goes on with later ones, ``q`` looks for a name."""
        return _listed(request, {})


def _listed(request: HttpRequest, more: Mapping[str, Any], status: int = 200) -> HttpResponse:
    actor = actor_of(request)
    after, search = request.GET.get("after", ""), request.GET.get("q", "").strip()[:100]
    if "\0" in after + search:
        raise BadRequest("There is no such name.")
    rows = list(
        template_list.listed(actor.tenant, after=after, search=search)[: template_list.ROWS + 1]
    )
    shown = rows[: template_list.ROWS]
    own = {name for name, _label in templates.names(actor.tenant)}
    context = {
        "rows": shown,
        "next": shown[-1].name if len(rows) > template_list.ROWS else "",
        "after": after,
        "search": search,
        "most": template_list.MOST_COUNTED,
        "starters": () if after or search else [s for s in starters() if s.name not in own],
        "may_write": actor.may(WRITE),
        **more,
    }
    return render(request, "field_templates/list.html", context, status=status)


class OneTemplate(ProblemPage, PageMixin, SingleObjectMixin, View):
    """What the pages of one template of the organisation's own share."""

    actions: ClassVar[Mapping[str, str]] = {"get": READ}
    queryset = FieldTemplate.objects.select_related("tenant")
    slug_field = slug_url_kwarg = "name"


def read_page(request: HttpRequest, name: str) -> HttpResponse:
    """A template to look at: the organisation's own in a version, else a starter; or 404."""
    version = templates.version_of(tenant_of(request), name, _number(request, "version"))
    template = templates.parsed(version) if version else templates.starter(name)
    if template is None or (version is None and "version" in request.GET):
        raise Http404
    context = {
        "template": template,
        "version": version,
        "newest": version is not None and version.number == version.template.version,
        "may_write": actor_of(request).may(WRITE),
    }
    return render(request, "field_templates/template.html", context)


@dataclass(frozen=True, slots=True)
class Compared:
    """Two versions, the earlier first, and what the later one changed."""

    old: FieldTemplateVersion
    new: FieldTemplateVersion
    sentences: list[str]


class TemplateVersionsPage(OneTemplate):
    """The versions of a template, and what differs between two."""

    def get(self, request: HttpRequest, name: str) -> HttpResponse:
        """``new`` and ``old`` are the numbers to compare, the newest two where left out;
        ``before`` goes on with earlier ones."""
        row = self.get_object()
        versions = row.versions.select_related("created_by", "api_key").defer("content")
        before = _number(request, "before")
        listed = versions.filter(number__lt=before) if before else versions
        rows = list(listed[: template_list.ROWS + 1])
        shown = rows[: template_list.ROWS]
        context = {
            "row": row,
            "versions": shown,
            "next": shown[-1].number if len(rows) > template_list.ROWS else None,
            "before": before,
            "compared": _compared(request, row),
            "numbers": range(row.version, 0, -1),
            "may_write": actor_of(request).may(WRITE),
            "tab": "versions",
        }
        return render(request, "field_templates/versions.html", context)


def _compared(request: HttpRequest, row: FieldTemplate) -> Compared | None:
    """The two versions asked for; None where there is nothing to compare."""
    new = _number(request, "new") or row.version
    old = _number(request, "old") or new - 1
    found = {each.number: each for each in row.versions.filter(number__in=(old, new))}
    if len(found) < 2:
        return None
    first, last = found[min(old, new)], found[max(old, new)]
    return Compared(first, last, changes(templates.parsed(first), templates.parsed(last)))


class TemplateRestorePage(OneTemplate):
    """Going back to an earlier version."""

    actions: ClassVar[Mapping[str, str]] = {"post": WRITE}

    def post(self, request: HttpRequest, name: str) -> HttpResponseBase:
        """Copy it as the newest, and back to the versions."""
        row, number = self.get_object(), request.POST.get("version", "")
        if not (number.isascii() and number.isdecimal() and 0 < len(number) < 10):
            raise BadRequest("There is no such version.")
        version = templates.restore(
            row=row,
            actor=actor_of(request),
            number=int(number),
            address=address_of(request),
        )
        messages.success(
            request,
            _("Version %(old)s is back, as version %(new)s.")
            % {"old": number, "new": version.number},
        )
        return redirect("template-versions-page", name)


class TemplateDeletePage(OneTemplate):
    """Deleting a template, after a look at what that means."""

    actions: ClassVar[Mapping[str, str]] = {"get": WRITE, "post": WRITE}

    def get(self, request: HttpRequest, name: str) -> HttpResponse:
        """The question."""
        row = self.get_object()
        context = {
            "row": row,
            "documents": template_list.documents_of(row),
            "waiting": template_list.waiting_for(row),
            "most": template_list.MOST_COUNTED,
            "starter": templates.starter(name),
        }
        return render(request, "field_templates/delete.html", context)

    def post(self, request: HttpRequest, name: str) -> HttpResponseBase:
        """Delete, and back to the list."""
        row = self.get_object()
        templates.delete(row=row, actor=actor_of(request), address=address_of(request))
        messages.success(
            request,
            _("“%(label)s” was deleted with its versions.") % {"label": row.label},
        )
        return redirect("template-list-page")


class TemplateLearningPage(OneTemplate):
    """What confirmed documents have taught a template: learned, measured, forgotten."""

    actions: ClassVar[Mapping[str, str]] = {"get": READ, "post": WRITE}

    def get(self, request: HttpRequest, name: str) -> HttpResponse:
        """What it knows, and how many documents there are to learn from."""
        return self._shown(request, self.get_object())

    def post(self, request: HttpRequest, name: str) -> HttpResponseBase:
        """Learn, and show what was gained; or forget what ``forget`` names (empty: all)."""
        row, actor = self.get_object(), actor_of(request)
        if "forget" in request.POST:
            template_learning.forget(
                row=row,
                field=request.POST["forget"][:100],
                actor=actor,
                address=address_of(request),
            )
            messages.success(request, _("That was taken out, in a new version."))
            return redirect("template-learning-page", name)
        try:
            limits.admit(request, "try")
        except limits.RateLimited as error:
            problem = viewer.Problem(_("Too much at once"), advice=wait_words(error))
            answer = self._shown(request, row, error.status_code, problems=[problem])
            answer["Retry-After"] = str(error.wait)
            return answer
        done = learning.learn(row=row, jobs=(), actor=actor, address=address_of(request))
        row.refresh_from_db()
        return self._shown(request, row, done=done)

    def _shown(
        self, request: HttpRequest, row: FieldTemplate, status: int = 200, **more: Any
    ) -> HttpResponse:
        template = templates.parsed(row.versions.get(number=row.version))
        done: learning.Learned | None = more.get("done")
        labels = {field.name: field_label(field) for field in template.fields}
        context = {
            "row": row,
            "fields": [field for field in template.fields if field.learned],
            "confirmed": template_learning.confirmed_documents(row),
            "least": learning.LEAST_DOCUMENTS,
            "most": learning.MOST_DOCUMENTS,
            "gains": [
                (labels.get(name, name), gain, name in done.fields)
                for name, gain in done.gains.items()
            ]
            if done
            else [],
            "may_write": actor_of(request).may(WRITE),
            "tab": "learning",
            **more,
        }
        return render(request, "field_templates/learning.html", context, status=status)


def _number(request: HttpRequest, name: str) -> int | None:
    """A version's number from the address; None where it names none."""
    text = request.GET.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and 0 < len(text) < 10 and int(text)):
        raise Http404
    return int(text)
