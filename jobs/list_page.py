"""The list of jobs: searched, narrowed, page by page, live while jobs are on their way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View
from django.views.generic.list import MultipleObjectMixin

from accounts.models import ApiKey, Membership, Tenant
from accounts.tenancy import Actor, PageMixin, actor_of
from extraction.errors import InvalidOption
from extraction.fields.document_types import BY_NAME
from extraction.fields.templates import starters
from jobs import job_filters, saved_filters, search, templates, words
from jobs.job_filters import Wanted
from jobs.labels import template_label, type_label
from jobs.models import Batch, Job, Status
from jobs.plan_engines import offered
from jobs.upload_pages import by_script, upload_context
from jobs.views import page_or_part, uuid_of
from jobs.words import Run

ROWS = 30  # jobs on one page of the list
MOST_NAMED = 500  # people and keys in the filter
LABELS = {
    "q": gettext_lazy("Search"),
    "status": gettext_lazy("Status"),
    "engine": gettext_lazy("Engine"),
    "template": gettext_lazy("Template"),
    "type": gettext_lazy("Type"),
    "from": gettext_lazy("Sent from"),
    "to": gettext_lazy("Sent to"),
    "by": gettext_lazy("Sent by"),
    "batch": gettext_lazy("Batch"),
    "needs_review": gettext_lazy("Review"),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """A filter with what it may be: values and labels, in groups by their label (or "")."""

    name: str
    label: str
    chosen: str
    groups: Sequence[tuple[str, Sequence[tuple[str, str]]]]


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter in use, and the address of the list without it."""

    label: str
    value: str
    without: str


@dataclass(frozen=True, slots=True)
class Row:
    """A job in the list, its name and a line of its text in runs."""

    job: Job
    name: Sequence[Run]
    line: Sequence[Run]


class JobListPage(PageMixin, MultipleObjectMixin, View):
    """The tenant's jobs, newest first, the upload on top of them."""

    actions: ClassVar[Mapping[str, str]] = {"get": "jobs:read"}
    queryset = Job.objects.select_related("file", "review")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The filters are those of ``LABELS``; ``before`` (a job's id) goes on with older ones."""
        actor, query = actor_of(request), filters_in(request.GET)
        wanted = wanted_by(query)
        matching = job_filters.narrowed(self.get_queryset(), actor.tenant, wanted)
        before = request.GET.get("before", "")
        ids, more = job_filters.newest_ids(matching)
        if before:
            page = matching.filter(pk__lt=uuid_of(before))
        else:  # they are known by now, whatever it took to find them
            page = self.get_queryset().filter(pk__in=ids[: ROWS + 1])
        found = list(page.order_by("-pk")[: ROWS + 1])
        choices = choices_for(actor.tenant, query)
        context = {
            "rows": rows_of(found[:ROWS], wanted),
            "older": address_of_list(query, before=found[ROWS - 1].pk) if found[ROWS:] else "",
            "newest": address_of_list(query),
            "before": before,
            "count": len(ids),
            "more": more,
            "query": query.urlencode(),
            "wanted": wanted,
            "to_day": wanted.to - timedelta(days=1) if wanted.to else None,
            "filtered": bool(query),
            "pills": pills(query),
            "chips": chips(query, choices, actor.tenant),
            "choices": choices,
            "hidden": [("status", wanted.status), ("batch", wanted.batch)],
            "saved": saved_filters.shown_to(actor),
            "live": any(not job.ended for job in found[:ROWS]),
            "here": address_of_list(query, before=before),
            "may": _may(actor),
            "may_correct": actor.may("fields:correct"),
            "may_submit": actor.may("jobs:write") and not query and not before,
        }
        if not query and not before:
            context |= upload_context(actor)
        response = page_or_part(request, "jobs/list.html", "jobs/_list.html", context)
        if by_script(request) and request.headers.get("HX-Trigger") == "find":
            response["HX-Replace-Url"] = str(context["here"])
        return response


def filters_in(params: QueryDict) -> QueryDict:
    """The filters of an address, empty ones left out, in one order."""
    query = QueryDict(mutable=True)
    for name in LABELS:
        if value := params.get(name, "").strip():
            query[name] = str(params[name]) if name == "q" else value
    return query


def wanted_by(query: QueryDict) -> Wanted:
    """What the filters say. Raises BadRequest."""
    try:
        return job_filters.wanted_of(query.dict())  # type: ignore[arg-type]
    except InvalidOption as error:
        raise BadRequest(error.detail) from error


def address_of_list(query: QueryDict, *, before: UUID | str = "", **changed: str) -> str:
    """The list's address with these filters; ``changed`` instead, without those that are ""."""
    told = query.copy()
    for name, value in changed.items():
        told[name] = value
        if not value:
            del told[name]
    if before:
        told["before"] = str(before)
    return reverse("job-list-page") + (f"?{told.urlencode()}" if told else "")


def rows_of(jobs: Sequence[Job], wanted: Wanted) -> list[Row]:
    """The jobs as the list shows them, with what was searched for marked."""
    if not wanted.q:
        return [Row(job, [Run(job.file.name, False)], []) for job in jobs]
    sought = words.search_of(wanted.q)
    lines = search.excerpts(jobs, sought)
    return [Row(job, words.marked(job.file.name, sought), lines.get(job.pk, [])) for job in jobs]


def pills(query: QueryDict) -> list[tuple[str, str, bool]]:
    """The statuses: label, address, whether it is the one shown."""
    chosen = query.get("status", "")
    choices = [("", _("All")), *((value, str(label)) for value, label in Status.choices)]
    return [
        (label, address_of_list(query, status=value), value == chosen) for value, label in choices
    ]


def choices_for(tenant: Tenant, query: QueryDict) -> list[Choice]:
    """The filters that are chosen from lists, each with what the tenant has of it."""
    own = templates.names(tenant)
    names = {name for name, _label in own}
    ready = [(row.name, template_label(row)) for row in starters() if row.name not in names]
    people = Membership.objects.for_tenant(tenant).order_by("user__email")
    keys = ApiKey.objects.for_tenant(tenant).order_by("name")
    groups: dict[str, Sequence[tuple[str, Sequence[tuple[str, str]]]]] = {
        "type": [("", [(name, type_label(name)) for name in BY_NAME])],
        "engine": [("", offered(tenant))],
        "template": [(_("Your own"), own), (_("Starters"), ready)],
        "by": [
            (_("People"), _named(people.values_list("user", "user__email")[:MOST_NAMED])),
            (_("API keys"), _named(keys.values_list("pk", "name")[:MOST_NAMED])),
        ],
        "needs_review": [("", [("true", _("To be checked")), ("false", _("Nothing to check"))])],
    }
    return [
        Choice(name, str(LABELS[name]), query.get(name, ""), [each for each in of if each[1]])
        for name, of in groups.items()
    ]


def chips(query: QueryDict, choices: Sequence[Choice], tenant: Tenant) -> list[Chip]:
    """The filters in use, the status left out: its pills tell it."""
    labels = {
        choice.name: dict(row for _group, rows in choice.groups for row in rows)
        for choice in choices
    }
    made = []
    for name, value in query.items():
        if name == "status":
            continue
        shown = labels.get(name, {}).get(str(value), str(value))
        if name == "batch":
            batch = Batch.objects.for_tenant(tenant).filter(pk=str(value)).first()
            shown = str(batch or value)
        made.append(Chip(str(LABELS[name]), shown, address_of_list(query, **{name: ""})))
    return made


def _named(rows: Any) -> list[tuple[str, str]]:
    return [(str(pk), name) for pk, name in rows]


def _may(actor: Actor) -> dict[str, bool]:
    """What the person may do with jobs that they tick."""
    return {
        "cancel": actor.may("jobs:cancel"),
        "retry": actor.may("jobs:write"),
        "delete": actor.may("jobs:write"),
        "share": actor.may("jobs:write"),
    }
