"""Templates as files: a page that imports one, and the export."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View

from accounts.audit import address_of
from accounts.tenancy import PageMixin, actor_of, tenant_of
from extraction.errors import ExtractionError
from extraction.fields.templates import MAX_BYTES, template_to_dict
from jobs import templates, viewer
from jobs.template_pages import READ, WRITE
from jobs.views import ProblemPage


class ImportForm(forms.Form):
    """A template's JSON file, and what to call it here."""

    file = forms.FileField(
        label=gettext_lazy("Template file"),
        help_text=gettext_lazy("A JSON file that was exported from a template."),
        widget=forms.FileInput(attrs={"accept": ".json,application/json"}),
        error_messages={"required": gettext_lazy("Choose a file.")},
    )
    name = forms.RegexField(
        f"^{templates.NAME}\\Z",
        label=gettext_lazy("Its name here"),
        required=False,
        help_text=gettext_lazy("Small letters, digits, - and _. Left empty: the file's own name."),
        error_messages={
            "invalid": gettext_lazy("Use small letters, digits, - and _, at most 60 of them.")
        },
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_file(self) -> dict[str, Any]:
        """The file's JSON object."""
        file = self.cleaned_data["file"]
        if file.size > MAX_BYTES:
            raise forms.ValidationError(
                _("The file is larger than a template can be: at most %(size)s.")
                % {"size": viewer.size(MAX_BYTES)}
            )
        try:
            data = json.loads(file.read().decode("utf-8-sig"))
        except (ValueError, RecursionError) as error:
            raise forms.ValidationError(_("The file is no JSON.")) from error
        if not isinstance(data, dict):
            raise forms.ValidationError(_("The file holds no template."))
        return data


class TemplateImportPage(PageMixin, View):
    """Importing a template that was exported."""

    actions: ClassVar[Mapping[str, str]] = {"get": WRITE, "post": WRITE}

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form."""
        return render(request, "field_templates/import.html", {"form": ImportForm()})

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """A new template, and on to it; else the form with what was wrong."""
        form = ImportForm(request.POST, request.FILES)
        if not form.is_valid():
            return render(request, "field_templates/import.html", {"form": form}, status=400)
        data, name = form.cleaned_data["file"], form.cleaned_data["name"]
        try:
            version = templates.create(
                tenant=tenant_of(request),
                actor=actor_of(request),
                template=templates.read_template({**data, "name": name} if name else data),
                note=_("Imported"),
                address=address_of(request),
            )
        except ExtractionError as error:
            context = {"form": form, "problems": [viewer.explain(error.failure())]}
            return render(request, "field_templates/import.html", context, status=error.status)
        messages.success(
            request, _("“%(label)s” was imported.") % {"label": version.template.label}
        )
        return redirect("template-page", version.template.name)


class TemplateExportPage(ProblemPage, PageMixin, View):
    """A template as a file, to be imported elsewhere."""

    actions: ClassVar[Mapping[str, str]] = {"get": READ}

    def get(self, request: HttpRequest, name: str) -> HttpResponse:
        """The JSON of the newest version, or of a starter."""
        version = templates.version_of(tenant_of(request), name)
        starter = None if version else templates.starter(name)
        if version is None and starter is None:
            raise Http404
        content = version.content if version else template_to_dict(starter)  # type: ignore[arg-type]
        body = json.dumps(content, ensure_ascii=False, indent=2)
        headers = {"Content-Disposition": f'attachment; filename="{name}.json"'}
        return HttpResponse(body, content_type="application/json", headers=headers)
