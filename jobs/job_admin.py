"""The operators' view of jobs and of what is left to do of them, and what they do with these."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone

from accounts import audit
from accounts.admin_lists import LargeListAdmin, MadeLately, one_of
from accounts.audited_admin import ReadOnlyAdmin
from accounts.models import User
from extraction.engines import ENGINES
from extraction.errors import ExtractionError
from jobs import job_actions, lifecycle, operator_pages, queue
from jobs.models import Job, Task, Turn
from jobs.operations_view import operations_view

MOST = 500  # rows that are acted on at once
ENGINE_CHOICES = [(name, name) for name in ENGINES]
POOLS = [(pool, pool) for pool in queue.POOLS]


class EndedLately(admin.SimpleListFilter):
    """By when jobs ended, which an index knows."""

    title = "when it ended"
    parameter_name = "ended"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Sequence[tuple[str, str]]:
        return (("1", "the last hour"), ("24", "24 hours"), ("168", "7 days"))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Job]) -> QuerySet[Job]:
        chosen = self.value()
        if chosen not in ("1", "24", "168"):
            return queryset
        return queryset.filter(finished_at__gte=timezone.now() - timedelta(hours=int(chosen)))


@admin.register(Job)
class JobAdmin(LargeListAdmin):
    """Documents that were sent: how far each is, what it failed by; not what they say."""

    list_display = (
        "created_at", "document", "tenant", "status", "failure", "engine", "pages", "took",
        "shared",
    )  # fmt: skip
    list_filter = ("status", EndedLately, MadeLately, one_of("engine", ENGINE_CHOICES), "cached")
    list_select_related = ("tenant", "file")
    ids = ("pk", "batch")
    names = ("file__name", "file__sha256")
    exclude = ("sealed_password", "classification", "documents")
    fieldsets = (
        (None, {"fields": ("id", "tenant", "file", "created_by", "api_key", "metadata")}),
        (
            "How far it is",
            {
                "fields": (
                    "status",
                    "error",
                    "warnings",
                    "priority",
                    "cancel_requested",
                    "page_count",
                    "pages_total",
                    "pages_done",
                    "pages_failed",
                    "run",
                    "attempt",
                )
            },
        ),
        ("How it is read", {"fields": ("engine", "options", "template", "template_version")}),
        ("With others", {"fields": ("batch", "batch_position", "cached", "same_as")}),
        (
            "Times and bytes",
            {
                "fields": (
                    "created_at",
                    "started_at",
                    "finished_at",
                    "retention_hours",
                    "expires_at",
                    "delivered_at",
                    "stored_bytes",
                    "pdf_bytes",
                )
            },
        ),
    )
    readonly_fields = ("id",)
    actions = ("try_again", "put_at", "stop")
    search_help_text = (
        "A job's or batch's id, or an organisation's name or short name; after that and a comma "
        "a part of the document's name, or its SHA-256: acme, invoice"
    )
    change_form_template = "admin/job.html"
    related = (
        ("What is left to do", "jobs_task", "job__id__exact"),
        ("Pages", "jobs_page", "job__id__exact"),
        ("Fields", "jobs_fieldvalue", "job__id__exact"),
        ("Usage", "accounts_usagerecord", "q"),
        ("Audit log", "accounts_auditentry", "q"),
    )

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context["may_act"] = self.has_act_permission(request)
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display
    def document(self, job: Job) -> str:
        """What its sender called it."""
        return job.file.name

    @admin.display(description="pages")
    def pages(self, job: Job) -> str:
        """How many are done."""
        return f"{job.pages_done} of {job.pages_total or '?'}"

    @admin.display(description="why")
    def failure(self, job: Job) -> str | None:
        """The code of what it failed by."""
        return job.error["code"] if job.error else None

    @admin.display
    def took(self, job: Job) -> str | None:
        """From its beginning to its end."""
        if job.started_at is None or job.finished_at is None:
            return None
        return f"{(job.finished_at - job.started_at).total_seconds():.1f} s"

    @admin.display(description="result")
    def shared(self, job: Job) -> str | None:
        """Whether it was taken over from another job, free of charge."""
        return "another's" if job.cached else None

    def has_act_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("jobs.change_job")

    @admin.action(description="Queue failed or partial jobs again", permissions=["act"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        def again(job: Job) -> None:
            job_actions.retry(job, actor=_operator(request), address=audit.address_of(request))

        self._each(request, queryset, again, "queued again")

    @admin.action(description="Stop jobs, with a reason ...", permissions=["act"])
    def stop(self, request: HttpRequest, queryset: QuerySet[Job]) -> HttpResponse | None:
        form = operator_pages.ReasonForm(request.POST if "reason" in request.POST else None)
        if not form.is_valid():
            return self._ask(
                request,
                queryset,
                "stop",
                title="Stop jobs",
                told=(
                    "They end as cancelled: those that wait at once, those being read after the "
                    "page that is read just now. Pages that have been read are kept and billed.",
                    "The people of the organisation see your reason at the job. They can have it "
                    "tried again.",
                ),
                form=form,
                button="Stop them",
            )

        def stop(job: Job) -> None:
            job_actions.cancel(
                job,
                actor=_operator(request),
                address=audit.address_of(request),
                reason=form.cleaned_data["reason"],
            )

        self._each(request, queryset, stop, "stopped")
        return None

    @admin.action(description="Change the priority of jobs ...", permissions=["act"])
    def put_at(self, request: HttpRequest, queryset: QuerySet[Job]) -> HttpResponse | None:
        form = operator_pages.PriorityForm(request.POST if "priority" in request.POST else None)
        if not form.is_valid():
            return self._ask(
                request,
                queryset,
                "put_at",
                title="Change the priority of jobs",
                told=(
                    "Priorities count within an organisation: what is urgent there comes before "
                    "its other jobs. Organisations take turns whatever their priorities are.",
                ),
                form=form,
                button="Change it",
            )

        def put(job: Job) -> None:
            job_actions.put_at(
                job,
                form.cleaned_data["priority"],
                actor=_operator(request),
                address=audit.address_of(request),
            )

        self._each(request, queryset, put, "changed")
        return None

    def _ask(
        self,
        request: HttpRequest,
        jobs: QuerySet[Job],
        action: str,
        *,
        title: str,
        told: Sequence[str],
        form: Any,
        button: str,
    ) -> HttpResponse:
        chosen = list(jobs.select_related("tenant", "file")[:MOST])
        return operator_pages.ask(
            request,
            title=title,
            told=(*told, f"{len(chosen)} chosen, of {MOST} at most at once:"),
            named=[f"{job.file.name} of {job.tenant}, {job.status}" for job in chosen],
            form=form,
            button=button,
            back="admin:jobs_job_changelist",
            hidden=[
                ("action", action),
                *((helpers.ACTION_CHECKBOX_NAME, str(job.pk)) for job in chosen),
            ],
        )

    def _each(
        self, request: HttpRequest, jobs: QuerySet[Job], act: Callable[[Job], None], done: str
    ) -> None:
        """Do it to each, and tell how many; why not, of those that refuse."""
        count = 0
        for job in jobs.select_related("tenant", "file")[:MOST]:
            try:
                act(job)
            except ExtractionError as error:
                self.message_user(request, f"{job.pk}: {error}", messages.WARNING)
            else:
                count += 1
        self.message_user(request, f"{count} jobs {done}.", messages.SUCCESS)


@admin.register(Task)
class TaskAdmin(LargeListAdmin):
    """What waits and what workers are at."""

    list_display = (
        "created_at", "of_job", "tenant", "pool", "priority", "state", "worker", "taken_at",
        "due_at", "retries", "crashes",
    )  # fmt: skip
    list_filter = (one_of("pool", POOLS), "state", "priority")
    list_select_related = ("tenant",)
    ids = ("pk", "job")
    actions = ("take_back", "begin_now")

    def get_urls(self) -> list[URLPattern]:
        """And the view of queues, workers and engines, with what is done there."""
        wrap, pages = self.admin_site.admin_view, operator_pages
        return [
            path("operations/", wrap(operations_view), name="operations-view"),
            path("operations/breaker/", wrap(pages.reset_breaker), name="breaker-reset"),
            path("operations/pause/<slug:pool>/", wrap(pages.pause_pool), name="pool-pause"),
            path("operations/resume/<slug:pool>/", wrap(pages.resume_pool), name="pool-resume"),
            path("operations/drain/", wrap(pages.drain_worker), name="worker-drain"),
            path("operations/hold/<uuid:pk>/", wrap(pages.pause_tenant), name="tenant-pause"),
            path("operations/let-go/<uuid:pk>/", wrap(pages.resume_tenant), name="tenant-unpause"),
            *super().get_urls(),
        ]

    def has_act_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("jobs.change_task")

    @admin.action(
        description="Take from their workers and queue again (stuck work)", permissions=["act"]
    )
    def take_back(self, request: HttpRequest, queryset: QuerySet[Task]) -> None:
        self._each(request, queryset, lifecycle.take_back, "taken back and queued again")

    @admin.action(description="Begin now what waits for its time", permissions=["act"])
    def begin_now(self, request: HttpRequest, queryset: QuerySet[Task]) -> None:
        self._each(request, queryset, lifecycle.begin_now, "can be begun now")

    def _each(
        self, request: HttpRequest, tasks: QuerySet[Task], act: Callable[..., bool], done: str
    ) -> None:
        count = sum(
            act(task, operator=_operator(request), address=audit.address_of(request))
            for task in tasks.select_related("job", "tenant")[:MOST]
        )
        self.message_user(request, f"{count} tasks {done}.", messages.SUCCESS)


@admin.register(Turn)
class TurnAdmin(ReadOnlyAdmin):
    """Whose turn it was."""

    list_display = ("tenant", "pool", "at")
    list_select_related = ("tenant",)
    search_fields = ("tenant__name", "tenant__slug")


def _operator(request: HttpRequest) -> User:
    return cast(User, request.user)
