"""The jobs API: parse, call one function, reply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.conf import settings
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.audit import address_of
from accounts.tenancy import actor_of, tenant_of
from extraction.fields.document_types import BY_NAME
from extraction.formats import FORMATS
from jobs import download_audit, idempotency, job_actions, job_filters, queue, retention, submit
from jobs.job_answers import ONCE, WAIT, JobView, result_response, wait_seconds
from jobs.models import Job, Status
from jobs.serializers import JobSerializer
from jobs.submit_serializers import ClassifySerializer, RetrySerializer, SubmitSerializer
from jobs.uploads import DocumentJSONParser
from jobs.usual_options import NOTHING_SAID, usual_options

FILTERS = {
    parameter.name: parameter
    for parameter in (
        OpenApiParameter(
            "q",
            description="words of the file's name, the text or the fields; as in web searches also "
            '"words in a row", -without, one or another; the last may be the beginning of one',
        ),
        OpenApiParameter("status", enum=Status.values),
        OpenApiParameter("engine", description="asked for"),
        OpenApiParameter("template", description="used; every version of it, or NAME@VERSION"),
        OpenApiParameter("type", enum=list(BY_NAME), description="of the document"),
        OpenApiParameter(
            "from", OpenApiTypes.DATETIME, description="sent since: ISO 8601 date or time, UTC"
        ),
        OpenApiParameter(
            "to", OpenApiTypes.DATETIME, description="sent before this time, or by the end of a day"
        ),
        OpenApiParameter("by", OpenApiTypes.UUID, description="id of the person or key"),
        OpenApiParameter("batch", OpenApiTypes.UUID),
        OpenApiParameter("needs_review", OpenApiTypes.BOOL),
        OpenApiParameter("cached", OpenApiTypes.BOOL),
    )
}


class JobListView(JobView, ListAPIView[Job]):
    """The tenant's jobs, newest first; POST submits a document."""

    actions: ClassVar[Mapping[str, str]] = {"get": "jobs:read", "post": "jobs:write"}
    rates: ClassVar[Mapping[str, str]] = {"get": "read", "post": "submit"}
    parser_classes = [MultiPartParser, DocumentJSONParser]

    def filter_queryset(self, queryset: Any) -> Any:
        params = self.request.query_params
        wanted = job_filters.wanted_of({name: params[name] for name in FILTERS if name in params})
        return job_filters.narrowed(queryset, tenant_of(self.request), wanted)

    @extend_schema(
        summary="List jobs, newest first",
        parameters=list(FILTERS.values()),
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List jobs."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        summary="Submit a document",
        request={
            "multipart/form-data": SubmitSerializer,
            "application/json": SubmitSerializer,
        },
        parameters=[WAIT, ONCE],
        responses={202: JobSerializer, 200: JobSerializer},
    )
    def post(self, request: Request) -> HttpResponseBase:
        """Submit a document: 202 with the job, or 200 if ?wait= saw its end."""
        return _submit(self, SubmitSerializer, wait_seconds(request), "ocr/jobs")


class ClassifyView(JobView):
    """Telling what a document is, and which documents a file holds."""

    actions: ClassVar[Mapping[str, str]] = {"post": "jobs:write"}
    rates: ClassVar[Mapping[str, str]] = {"post": "submit"}
    parser_classes = [MultiPartParser, DocumentJSONParser]

    @extend_schema(
        summary="Tell what a document is, and which documents a file holds",
        request={
            "multipart/form-data": ClassifySerializer,
            "application/json": ClassifySerializer,
        },
        parameters=[WAIT, ONCE],
        responses={202: JobSerializer, 200: JobSerializer},
    )
    def post(self, request: Request) -> HttpResponseBase:
        """A job as any other, split: 200 when it has ended; waits as long as it may by itself."""
        wait = wait_seconds(request, settings.MAX_WAIT_SECONDS)
        return _submit(self, ClassifySerializer, wait, "classify")


class JobDetailView(JobView, RetrieveAPIView[Job]):
    """One job."""

    actions: ClassVar[Mapping[str, str]] = {"get": "jobs:read", "delete": "jobs:write"}

    @extend_schema(summary="Status and progress of a job", parameters=[WAIT])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:  # type: ignore[override]
        """The job's status and progress."""
        wait = wait_seconds(request)
        return self.reply_at_end(self.get_object(), wait)

    @extend_schema(
        summary="Delete a job with its result and files",
        responses={204: OpenApiResponse(description="The job and its files are gone.")},
    )
    def delete(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Delete the job, its result and its files."""
        job_actions.delete(self.get_object(), actor=actor_of(request), address=address_of(request))
        return Response(status=204)


class JobCancelView(JobView):
    """Cancelling a job."""

    actions: ClassVar[Mapping[str, str]] = {"post": "jobs:cancel"}

    @extend_schema(summary="Cancel a job", request=None, responses={202: JobSerializer})
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Cancel: at once if queued, after the current page if running; pages read are kept."""
        job = job_actions.cancel(
            self.get_object(), actor=actor_of(request), address=address_of(request)
        )
        return self.reply(job, 202)


class JobRetryView(JobView):
    """Trying an ended job again."""

    actions: ClassVar[Mapping[str, str]] = {"post": "jobs:write"}
    rates: ClassVar[Mapping[str, str]] = {"post": "submit"}

    @extend_schema(
        summary="Try a job again", request=RetrySerializer, responses={202: JobSerializer}
    )
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Queue again what failed, was cancelled or is partial: only what was not read is read."""
        form = RetrySerializer(data=request.data)
        form.is_valid(raise_exception=True)
        job = self.get_object()
        queue.refuse_when_full(queue.pool_of(job.engine))
        job = job_actions.retry(
            job,
            actor=actor_of(request),
            address=address_of(request),
            password=form.validated_data.get("password", ""),
        )
        return self.reply(job, 202)


class JobResultView(JobView):
    """The result in one of the formats."""

    actions: ClassVar[Mapping[str, str]] = {"get": "jobs:read"}

    @extend_schema(
        summary="The result in one of the formats",
        parameters=[OpenApiParameter("name", str, OpenApiParameter.PATH, enum=list(FORMATS))],
        responses={
            (200, kind): OpenApiTypes.OBJECT
            if kind == "application/json"
            else OpenApiTypes.STR
            if row.render is not None
            else OpenApiTypes.BINARY
            for row in FORMATS.values()
            for kind in (row.media_type.split(";")[0],)
        },
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """The result of a job that has ended; a PDF only where ``outputs`` asked for it."""
        job, name = self.get_object(), kwargs["name"]
        response = result_response(job, name)
        download_audit.note(request, job, name, by="api")
        return retention.delivering(job, response, request.method)


def _submit(
    view: JobView, serializer: type[SubmitSerializer], wait: float, route: str
) -> HttpResponseBase:
    """Submit what the request holds, and reply when it has ended or the time is over."""
    request = view.request
    actor = actor_of(request)
    usual = usual_options(actor.tenant)
    queue.refuse_when_full(queue.pool_of(usual.engine))  # before the body is looked at
    form = serializer(data=request.data)
    if sum(len(files) for _, files in request.FILES.lists()) > 1:
        raise ValidationError({"file": ["One document a request."]})
    form.is_valid(raise_exception=True)
    priority, cache = form.chosen_priority(), form.validated_data.get("cache")
    metadata = form.validated_data.get("metadata")
    callback_url = form.validated_data.get("callback_url", "")
    hours = form.validated_data.get("retention_hours")

    def make() -> Job:
        view.made = submit.submit_job(
            actor=actor,
            upload=upload,
            options=form.options(usual),
            metadata=metadata,
            priority=priority,
            cache=cache,
            callback_url=callback_url,
            retention_hours=hours,
            once=once,
            address=address_of(request),
        )
        return view.made

    def content() -> list[Any]:
        said = form.options(NOTHING_SAID).by_name()  # defaults may change between two tries
        wanted = [said, metadata, priority, cache is not False, callback_url]
        return [upload.sha256, upload.name, *wanted, *([] if hours is None else [hours])]

    with form.upload() as upload:
        once = idempotency.asked(request, tenant=actor.tenant, route=route, content=content)
        job, first_status = idempotency.run_once(
            once,
            make=make,
            find=lambda pk: view.get_queryset().filter(pk=pk).first(),
        )
    if once is None:
        return view.reply_at_end(job, wait, unended=202)
    if first_status is None:

        def note(job: Job, reply: Response) -> None:
            if job.ended:
                idempotency.answered(once, 200)

        return view.reply_at_end(job, wait, unended=202, told=note)

    def mark(job: Job, reply: Response) -> None:
        reply[idempotency.REPLAYED] = "true"

    # as the first time, or as it will be where that waits
    ended = 200 if first_status == 200 or wait else 202
    return view.reply_at_end(job, wait, unended=202, ended=ended, told=mark)
