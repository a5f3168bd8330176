"""The tenant's pages of comparisons: begin one, watch it, look at what came out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.generic import View
from django.views.generic.detail import SingleObjectMixin
from django.views.generic.list import MultipleObjectMixin

from accounts import limits
from accounts.audit import address_of
from accounts.refusal_words import wait_words
from accounts.tenancy import PageMixin, actor_of, tenant_of
from extraction.comparison import TRUTH, Likeness, Run, Texts, marked, truth_pages
from extraction.documents import parse_pages
from extraction.errors import ExtractionError, InvalidOption
from extraction.types import Failure
from jobs import comparisons, templates, viewer
from jobs.comparison_api import PARTS
from jobs.comparison_serializers import MOST_TRUTH_TEXT
from jobs.comparisons import FEWEST, MOST, Outcome, Truth
from jobs.failure_details import detail_words
from jobs.forms import ACCEPTED, UploadForm
from jobs.models import Comparison
from jobs.plan_engines import offered
from jobs.usual_options import usual_options
from jobs.views import ProblemPage, page_or_part, uuid_of

ROWS = 30  # comparisons on one page of the list
TICK = format_lazy(_("Tick {fewest} to {most} engines."), fewest=FEWEST, most=MOST)


class CompareForm(forms.Form):
    """A document, the engines that are to read it, and what is known of it."""

    file = forms.FileField(
        label=_("Document"),
        error_messages={"required": _("Choose a document.")},
        widget=forms.FileInput(attrs={"accept": ACCEPTED}),
    )
    engines = forms.MultipleChoiceField(
        label=_("Engines"),
        error_messages={"required": TICK},
        widget=forms.CheckboxSelectMultiple,
    )
    pages = forms.CharField(
        label=_("Pages"),
        required=False,
        max_length=1000,
        help_text=_("For example 1-3,7. Left empty: all pages."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    template = forms.ChoiceField(
        label=_("Template"), required=False, help_text=_("Whose fields to look for.")
    )
    truth_text = forms.CharField(
        label=_("The text as it is right"),
        required=False,
        strip=False,
        max_length=MOST_TRUTH_TEXT,
        help_text=_("If you have it: each engine is then measured by it."),
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def __init__(self, *args: Any, tenant: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        engines = offered(tenant)
        chosen = self.fields["engines"]
        assert isinstance(chosen, forms.MultipleChoiceField)
        chosen.choices = [(name, f"{name}: {title}") for name, title in engines]
        chosen.initial = [name for name, _ in engines[:FEWEST]]
        own = UploadForm(own_templates=templates.names(tenant)).fields["template"]
        template = self.fields["template"]
        assert isinstance(own, forms.ChoiceField)
        assert isinstance(template, forms.ChoiceField)
        template.choices = own.choices

    def clean_engines(self) -> list[str]:
        engines: list[str] = self.cleaned_data["engines"]
        if not FEWEST <= len(engines) <= MOST:
            raise forms.ValidationError(TICK)
        return engines

    def clean_pages(self) -> str:
        pages: str = self.cleaned_data["pages"]
        try:
            parse_pages(pages, settings.LIMITS.max_pages)
        except InvalidOption as error:
            raise forms.ValidationError(
                detail_words(error.detail.removeprefix("pages: "))
            ) from error
        return pages


@method_decorator(csrf_exempt, name="dispatch")  # checked around post, as in jobs.views.NewJobPage
class ComparisonListPage(PageMixin, MultipleObjectMixin, View):
    """The tenant's comparisons, newest first, and the form for a new one."""

    actions: ClassVar[Mapping[str, str]] = {"get": "jobs:read", "post": "jobs:write"}
    queryset = Comparison.objects.prefetch_related(PARTS)

    def get(self, request: HttpRequest) -> HttpResponse:
        """``before`` (a comparison's id) goes on with older ones."""
        rows = self.get_queryset().order_by("-pk")
        before = request.GET.get("before", "")
        if before:
            rows = rows.filter(pk__lt=uuid_of(before))
        found = list(rows[: ROWS + 1])
        shown = found[:ROWS]
        return self._shown(
            request,
            CompareForm(tenant=tenant_of(request)),
            rows=[(row, comparisons.status_of(row), comparisons.parts_of(row)) for row in shown],
            older=shown[-1].pk if len(found) > ROWS else None,
            before=before,
        )

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """Begin a comparison, and on to its page; else the form with what was wrong."""
        try:
            limits.admit(request, "submit")
            return self._accept(request)
        except limits.RateLimited as error:
            form = CompareForm(tenant=tenant_of(request))
            problem = viewer.Problem(
                gettext("Too many documents in a short time"),
                advice=wait_words(error),
            )
            answer = self._shown(request, form, error.status_code, problems=[problem])
            answer["Retry-After"] = str(error.wait)
            return answer
        except ExtractionError as error:
            form = CompareForm(tenant=tenant_of(request))
            problems = [viewer.explain(error.failure())]
            return self._shown(request, form, error.status, problems=problems)

    @method_decorator(csrf_protect)
    def _accept(self, request: HttpRequest) -> HttpResponseBase:
        actor = actor_of(request)
        form = CompareForm(request.POST, request.FILES, tenant=actor.tenant)
        if not form.is_valid():
            return self._shown(request, form, 400)
        data = form.cleaned_data
        comparison = comparisons.submit_comparison(
            actor=actor,
            upload=data["file"],
            engines=data["engines"],
            options=replace(
                usual_options(actor.tenant), pages=data["pages"], template=data["template"]
            ),
            truth=Truth({}, data["truth_text"].replace("\x00", "")),
            address=address_of(request),
        )
        return redirect("comparison-page", comparison.pk)

    def _shown(
        self, request: HttpRequest, form: CompareForm, status: int = 200, **more: Any
    ) -> HttpResponse:
        actor = actor_of(request)
        context = {
            "form": form,
            "may_submit": actor.may("jobs:write"),
            "max_bytes": settings.LIMITS.max_bytes,
            "fewest": FEWEST,
            "most": MOST,
            **more,
        }
        return render(request, "jobs/compare_list.html", context, status=status)


class OneComparison(ProblemPage, PageMixin, SingleObjectMixin, View):
    """What the pages of one comparison share."""

    actions: ClassVar[Mapping[str, str]] = {"get": "jobs:read"}
    queryset = Comparison.objects.select_related("tenant").prefetch_related(PARTS)


@dataclass(frozen=True, slots=True)
class Column:
    """The text of one engine, or the truth: lines in runs; of the base none is marked."""

    name: str
    base: bool
    lines: Sequence[Sequence[Run]] | None  # None: the page was not read
    likeness: Likeness | None


class ComparisonPage(OneComparison):
    """A comparison: progress while it runs, then engines, texts and fields side by side."""

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """``page`` is a page's number, ``base`` the text that others are marked beside."""
        comparison, actor = self.get_object(), actor_of(request)
        standings = comparisons.standings(comparison)
        found = comparisons.outcome(comparison)
        context: dict[str, Any] = {
            "comparison": comparison,
            "standings": [
                (
                    row,
                    viewer.explain(Failure(**row.job.error)) if row.job and row.job.error else None,
                )
                for row in standings
            ],
            "ended": found is not None,
            "here": request.path,
            "may_delete": actor.may("jobs:write"),
        }
        if found is not None:
            context |= _result_context(request, comparison, found)
        return page_or_part(request, "jobs/compare.html", "jobs/_compare.html", context)


class ComparisonDeletePage(OneComparison):
    """Deleting a comparison with its jobs."""

    actions: ClassVar[Mapping[str, str]] = {"post": "jobs:write"}

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        """Delete, and back to the list."""
        comparison = self.get_object()
        comparisons.delete(comparison, actor=actor_of(request), address=address_of(request))
        messages.success(request, gettext("The comparison was deleted with its jobs and results."))
        return redirect("comparison-list-page")


def _result_context(request: HttpRequest, comparison: Comparison, found: Outcome) -> dict[str, Any]:
    texts = found.texts
    asked = request.GET.get("page", "")
    pages = texts.pages
    number = next((each for each in pages if str(each) == asked), pages[0] if pages else None)
    at = pages.index(number) if number is not None else 0
    names = [part.engine for part in comparisons.parts_of(comparison)]
    truth = truth_pages(comparison.truth_text, pages) if comparison.truth_text else None
    bases = ([TRUTH] if truth else []) + names
    base = request.GET.get("base", "")
    base = base if base in bases else bases[0]
    return {
        "texts": texts,
        "agreement": found.fields,
        "engines": [cell.engine for cell in found.fields.rows[0].cells]
        if found.fields.rows
        else [],
        "number": number,
        "previous": pages[at - 1] if at else None,
        "next": pages[at + 1] if at + 1 < len(pages) else None,
        "base": base,
        "bases": bases,
        "columns": _columns(comparison, texts, number, base, truth or {}) if number else [],
    }


def _columns(
    comparison: Comparison, texts: Texts, number: int, base: str, truth: Mapping[int, str]
) -> list[Column]:
    """The texts of one page, the base first."""
    read = {each.name: each.pages.get(number) for each in comparisons.readings(comparison, number)}
    if truth:
        read = {TRUTH: truth.get(number, ""), **read}
    against = read.get(base)
    order = [base, *(name for name in read if name != base)]
    columns = []
    for name in order:
        text = read.get(name)
        lines = None if text is None else marked(text if name == base else against or "", text)
        columns.append(Column(name, name == base, lines, _likeness(texts, base, name, number)))
    return columns


def _likeness(texts: Texts, one: str, two: str, number: int) -> Likeness | None:
    for pair in texts.pairs:
        if {pair.left, pair.right} == {one, two}:
            return next((page.likeness for page in pair.pages if page.page == number), None)
    return None
