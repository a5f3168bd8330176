"""The jobs API: parse, call one function, reply."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping
from functools import partial
from typing import Any, ClassVar, cast

from django.conf import settings
from django.core.handlers.exception import convert_exception_to_response
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import NotAuthenticated, ValidationError
from rest_framework.generics import GenericAPIView, ListAPIView, RetrieveAPIView
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import request_ids
from accounts.audit import address_of
from accounts.grants import grant_to, still_good
from accounts.limits import USUAL
from accounts.tenancy import TenantMixin, actor_of, tenant_of
from extraction.errors import InvalidOption
from extraction.fields.document_types import BY_NAME
from extraction.formats import FORMATS, render
from jobs import download_audit, idempotency, job_actions, job_filters, queue, retention, submit
from jobs.blocking import wait_for_end
from jobs.downloads import as_download
from jobs.listeners import Handover, Read, Waiter, host_of
from jobs.models import Job, Status
from jobs.progress import JobKey, read_ended
from jobs.results import document_of, open_pdf
from jobs.serializers import JobSerializer
from jobs.submit_serializers import ClassifySerializer, RetrySerializer, SubmitSerializer
from jobs.uploads import DocumentJSONParser
from jobs.usual_options import NOTHING_SAID, usual_options

WAIT = OpenApiParameter(
    "wait",
    OpenApiTypes.INT,
    description="seconds to wait for the end, at most 60; a busy server answers before",
)
ONCE = OpenApiParameter(
    idempotency.HEADER,
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="a name of your own for this request: sent again, it makes nothing again",
)
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


class JobView(TenantMixin, GenericAPIView[Job]):
    """What the job endpoints share: the tenant's jobs with their files."""

    queryset = Job.objects.select_related("file", "tenant", "review")
    serializer_class = JobSerializer
    rates: ClassVar[Mapping[str, str]] = USUAL
    made: Job | None = None  # by this request

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "made": self.made}

    def reply(self, job: Job, status: int = 200) -> Response:
        """The job as an answer, with its address in Location where it was made."""
        data = self.get_serializer(job).data
        headers = {"Location": data["links"]["self"]} if status in (201, 202) else {}
        return Response(data, status=status, headers=headers)

    def reply_at_end(
        self,
        job: Job,
        seconds: float,
        unended: int = 200,
        ended: int = 200,
        told: Callable[[Job, Response], None] | None = None,
    ) -> HttpResponseBase:
        """The job when it has ended, or as it is when the time is over, each with its status.

        ``told`` is given the job and the answer before that is sent.

        Keeps no thread meanwhile where the server can do without. Where as many wait as may, the
        answer comes at once.
        """

        def reply(job: Job) -> Response:
            answer = self.reply(job, ended if job.ended else unended)
            if told:
                told(job, answer)
            return answer

        host = host_of(self.request)
        if job.ended or not seconds or self.request.method == "HEAD":
            return reply(job)
        if host is None:
            return reply(wait_for_end(job, seconds))
        if not host.has_room:
            return reply(job)
        return answered_later(
            self,
            lambda: reply(get_object_or_404(self.get_queryset(), pk=job.pk)),
            key=JobKey(job.tenant_id, job.pk),
            read=read_ended,
            seconds=seconds,
        )


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


def answered_later(
    view: GenericAPIView[Any],
    reply: Callable[[], Response],
    *,
    key: Hashable,
    read: Read,
    seconds: float,
) -> Handover:
    """The answer of a view whose ``reply`` is asked for at the end of a job or batch.

    It is that of ``key``, and ``read`` tells whether it has come. Keeps no thread meanwhile.
    """
    grant = grant_to(actor_of(view.request), "jobs:read")

    def reply_later(request: HttpRequest) -> HttpResponse:
        with request_ids.named(getattr(request, "request_id", None)):
            return reply_now()

    def reply_now() -> HttpResponse:
        try:
            if not still_good([grant]):
                raise NotAuthenticated("The credentials have been revoked.")
            answer = reply()
        except Exception as error:
            answer = view.handle_exception(error)
        return view.finalize_response(view.request, answer, *view.args, **view.kwargs).render()

    reply_whatever = cast(
        "Callable[[HttpRequest], HttpResponse]", convert_exception_to_response(reply_later)
    )
    return Handover(
        Waiter(key, grant, seconds, partial(reply_whatever, view.request._request), read),
        "application/json",
    )


def result_response(job: Job, name: str) -> HttpResponseBase:
    """The result as a download that no browser runs. Raises as ``document_of`` and ``open_pdf``."""
    row = FORMATS[name]
    response: HttpResponse | FileResponse
    if row.render is None:
        response = FileResponse(open_pdf(job), content_type=row.media_type)
    else:
        response = HttpResponse(render(document_of(job), name).body, content_type=row.media_type)
    stem = job.file.name.rsplit(".", 1)[0].strip(". ") or "result"
    return as_download(response, f"{stem}.{row.suffix}")


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


def wait_seconds(request: Request, default: int = 0) -> float:
    """The ``wait`` parameter. Raises ``InvalidOption``."""
    text = request.query_params.get("wait", str(default))
    if not re.fullmatch(r"[0-9]{1,3}", text) or int(text) > settings.MAX_WAIT_SECONDS:
        raise InvalidOption("wait is a whole number of seconds.", limit=settings.MAX_WAIT_SECONDS)
    return float(text)
