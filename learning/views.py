"""The tenant's pages of fine-tuning: what there is, and datasets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext, ngettext
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.generic import View
from django.views.generic.detail import SingleObjectMixin
from django.views.generic.list import MultipleObjectMixin

from accounts import clock, limits, training_quota
from accounts.audit import address_of
from accounts.refusal_words import wait_words
from accounts.tenancy import PageMixin, actor_of, tenant_of
from extraction.errors import ExtractionError
from extraction.training import TrainingSettings
from jobs import viewer
from jobs.failure_details import detail_words
from jobs.models import TenantEngine
from jobs.plan_engines import engines_of
from learning import corrections, datasets, runs
from learning.dataset_api import exported
from learning.forms import DatasetForm, ExampleForm, RunForm
from learning.models import Dataset, Example, TrainingRun

READ, WRITE = "jobs:read", "training:write"
SHOWN = 20  # runs, and examples, on one page
COUNTED = Dataset.objects.select_related("tenant").annotate(
    train=Count("examples", filter=Q(examples__held_out=False)),
    held_out=Count("examples", filter=Q(examples__held_out=True)),
)


def may_be_taught(request: HttpRequest) -> list[str]:
    """The engines that the organisation may teach."""
    allowed = engines_of(tenant_of(request))
    return [name for name in datasets.bases() if name in allowed]


def back(request: HttpRequest, error: ExtractionError, where: str, *args: Any) -> HttpResponse:
    """To the page, with what went wrong on it."""
    problem = viewer.explain(error.failure())
    messages.error(request, f"{problem.title}. {problem.detail}".rstrip())
    return redirect(where, *args)


class FineTuningPage(PageMixin, MultipleObjectMixin, View):
    """Datasets, training runs and own engines; POST makes a dataset."""

    actions: ClassVar[Mapping[str, str]] = {"get": READ, "post": WRITE}
    queryset = COUNTED

    def get(self, request: HttpRequest) -> HttpResponse:
        """The newest of each."""
        return self._shown(request, DatasetForm(names=may_be_taught(request)))

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """Make a dataset, and on to its page; else the form with what was wrong."""
        form = DatasetForm(request.POST, names=may_be_taught(request))
        if not form.is_valid():
            return self._shown(request, form, 400)
        try:
            made = datasets.create(
                actor=actor_of(request),
                name=form.cleaned_data["name"],
                base=form.cleaned_data["base"],
                address=address_of(request),
            )
        except ExtractionError as error:
            form.add_error(
                None, detail_words(error.detail) or viewer.explain(error.failure()).title
            )
            return self._shown(request, form, error.status)
        return redirect("dataset-page", made.pk)

    def _shown(self, request: HttpRequest, form: DatasetForm, status: int = 200) -> HttpResponse:
        actor = actor_of(request)
        context = {
            "form": form,
            "bases": may_be_taught(request),
            "datasets": self.get_queryset().order_by("-pk")[:100],
            "runs": TrainingRun.objects.for_tenant(actor.tenant)
            .select_related("dataset")
            .order_by("-pk")[:SHOWN],
            "engines": TenantEngine.objects.for_tenant(actor.tenant).select_related(
                "active", "former"
            ),
            "may_write": actor.may(WRITE),
            "quota": training_quota.standing(actor.tenant, clock.now()),
        }
        return render(request, "learning/list.html", context, status=status)


class OneDataset(PageMixin, SingleObjectMixin, View):
    """What the pages of one dataset share."""

    actions: ClassVar[Mapping[str, str]] = {"post": WRITE}
    queryset = COUNTED


class DatasetPage(OneDataset):
    """A dataset: what is in it, how more gets in; POST begins a run."""

    actions: ClassVar[Mapping[str, str]] = {"get": READ, "post": WRITE}

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Its newest examples and its runs."""
        return dataset_page(request, self.get_object())

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        """Begin a run, and on to its page."""
        dataset, form = self.get_object(), RunForm(request.POST)
        if not form.is_valid():
            return dataset_page(request, dataset, 400, run_form=form)
        data = form.cleaned_data
        minutes = data["max_minutes"]
        try:
            run = runs.submit(
                actor=actor_of(request),
                dataset=dataset,
                options=TrainingSettings(
                    epochs=data["epochs"], learning_rate=data["learning_rate"]
                ),
                max_seconds=minutes * 60 if minutes else None,
                address=address_of(request),
            )
        except ExtractionError as error:
            return back(request, error, "dataset-page", pk)
        return redirect("training-page", run.pk)


def dataset_page(
    request: HttpRequest, dataset: Dataset, status: int = 200, **more: Any
) -> HttpResponse:
    """A dataset's page; the forms are new ones where none is given."""
    rows = Example.objects.filter(dataset=dataset).select_related("file").order_by("-pk")
    context = {
        "dataset": dataset,
        "examples": rows[:SHOWN],
        "count": dataset.train + dataset.held_out,  # type: ignore[attr-defined]
        "runs": TrainingRun.objects.filter(dataset=dataset).order_by("-pk")[:SHOWN],
        "example_form": ExampleForm(),
        "run_form": RunForm(),
        "few": dataset.train < runs.LEAST_TRAIN or dataset.held_out < runs.LEAST_HELD_OUT,  # type: ignore[attr-defined]
        "may_write": actor_of(request).may(WRITE),
        "may_correct": actor_of(request).may("fields:correct"),
        "max_bytes": settings.LIMITS.max_bytes,
        **more,
    }
    return render(request, "learning/dataset.html", context, status=status)


class DatasetImportPage(OneDataset):
    """Taking corrected pages over."""

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        """Import, and back to the dataset with what came of it."""
        try:
            found = corrections.import_corrections(
                dataset=self.get_object(), actor=actor_of(request), address=address_of(request)
            )
        except ExtractionError as error:
            return back(request, error, "dataset-page", pk)
        told = gettext("Pages: %(added)d added, %(changed)d changed, %(unchanged)d as before.") % {
            "added": found.added,
            "changed": found.changed,
            "unchanged": found.unchanged,
        }
        messages.success(request, told)
        if found.skipped:
            skipped = ngettext(
                "%(number)d was skipped: the corrected value stands nowhere in the page's text or "
                "several times, or the document is gone.",
                "%(number)d were skipped: the corrected value stands nowhere in the page's text or "
                "several times, or the document is gone.",
                found.skipped,
            )
            messages.warning(request, skipped % {"number": found.skipped})
        return redirect("dataset-page", pk)


@method_decorator(csrf_exempt, name="dispatch")  # as jobs.upload_pages.NewJobPage
class DatasetExamplePage(OneDataset):
    """Sending a page with its text."""

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        """Keep it, and back to the dataset; else the form with what was wrong."""
        try:
            limits.admit(request, "submit")
            return self._accept(request, pk)
        except limits.RateLimited as error:
            messages.error(request, wait_words(error))
            return redirect("dataset-page", pk)
        except ExtractionError as error:
            return back(request, error, "dataset-page", pk)

    @method_decorator(csrf_protect)
    def _accept(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        dataset, form = self.get_object(), ExampleForm(request.POST, request.FILES)
        if not form.is_valid():
            return dataset_page(request, dataset, 400, example_form=form)
        data = form.cleaned_data
        example = datasets.add_upload(
            dataset=dataset,
            upload=data["file"],
            page=data["page"],
            text=data["text"],
            actor=actor_of(request),
            address=address_of(request),
        )
        if example.held_out:
            messages.success(request, gettext("The page was added: held out, to measure by."))
        else:
            messages.success(request, gettext("The page was added: to learn from."))
        return redirect("dataset-page", pk)


class DatasetExportPage(OneDataset):
    """A dataset as a file."""

    actions: ClassVar[Mapping[str, str]] = {"get": READ}

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        """The zip, or back with the reason why not now."""
        try:
            return exported(request, actor_of(request), self.get_object())
        except ExtractionError as error:
            return back(request, error, "dataset-page", pk)


class DatasetDeletePage(OneDataset):
    """Deleting a dataset."""

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        """Delete, and back to the list."""
        try:
            datasets.delete(
                dataset=self.get_object(), actor=actor_of(request), address=address_of(request)
            )
        except ExtractionError as error:
            return back(request, error, "dataset-page", pk)
        messages.success(request, gettext("The dataset was deleted with its examples and runs."))
        return redirect("fine-tuning-page")
