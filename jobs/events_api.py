"""The events of jobs and batches, as they happen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from accounts.grants import grant_to
from accounts.tenancy import actor_of
from jobs import batch_progress
from jobs.batch_api import BatchView
from jobs.batch_progress import BatchKey, BatchTold
from jobs.blocking import HeldStream
from jobs.errors import ListenersBusy
from jobs.job_answers import JobView
from jobs.listeners import Handover, Stream, host_of
from jobs.progress import JobKey, Told

MEDIA_TYPE = "text/event-stream"
BATCH_SECONDS = 1  # between looks at a batch, all of whose jobs are counted
LAST_EVENT_ID = OpenApiParameter(
    "Last-Event-ID",
    location=OpenApiParameter.HEADER,
    description="the id of the last event that came: go on after it",
)
RESPONSES: dict[Any, Any] = {
    (200, MEDIA_TYPE): OpenApiTypes.ANY,  # events, each of which is an object
    204: OpenApiResponse(description="The end has been told: do not come again."),
}


class EventStreamRenderer(JSONRenderer):
    """Lets through those who accept events alone, as browsers do; errors are JSON all the same."""

    media_type = MEDIA_TYPE
    format = "events"


def stream_response(request: HttpRequest | Request, stream: Stream) -> HttpResponseBase:
    """The answer that tells the events. Raises ``ListenersBusy``."""
    response: HttpResponseBase
    content_type = f"{MEDIA_TYPE}; charset=utf-8"
    host = host_of(request)
    if request.method == "HEAD":
        response = HttpResponse(content_type=content_type)
    elif host is None:
        response = StreamingHttpResponse(HeldStream(stream), content_type=content_type)
    elif host.has_room:
        response = Handover(stream, content_type)
    else:
        raise ListenersBusy()
    response["Cache-Control"] = "no-cache, no-store"
    response["X-Accel-Buffering"] = "no"  # nginx would keep the events until its buffer is full
    return response


class JobEventsView(JobView):
    """Server-sent events of one job."""

    actions: ClassVar[Mapping[str, str]] = {"get": "jobs:read"}
    renderer_classes = [JSONRenderer, EventStreamRenderer]

    @extend_schema(
        summary="Progress of a job, as server-sent events",
        parameters=[LAST_EVENT_ID],
        responses=RESPONSES,
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Events ``status``, ``page`` and at last ``end``, or ``deleted``."""
        job = self.get_object()
        told = Told.of(request.headers.get("Last-Event-ID", ""))
        if told.ended and job.ended:
            return HttpResponse(status=204)  # browsers come again after every other end
        grant = grant_to(actor_of(request), "jobs:read")
        return stream_response(request, Stream(JobKey(job.tenant_id, job.pk), grant, told))


class BatchEventsView(BatchView):
    """Server-sent events of one batch."""

    actions: ClassVar[Mapping[str, str]] = {"get": "jobs:read"}
    renderer_classes = [JSONRenderer, EventStreamRenderer]

    @extend_schema(
        operation_id="batch_events",
        tags=["batches"],
        summary="Progress of a batch, as server-sent events",
        parameters=[LAST_EVENT_ID],
        responses=RESPONSES,
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Events ``progress`` and at last ``batch.completed``, or ``deleted``."""
        batch = self.get_object()
        told = BatchTold.of(request.headers.get("Last-Event-ID", ""))
        if told.ended and batch.ended:
            return HttpResponse(status=204)  # browsers come again after every other end
        key = BatchKey(batch.tenant_id, batch.pk)
        grant = grant_to(actor_of(request), "jobs:read")
        return stream_response(
            request, Stream(key, grant, told, batch_progress.read, every=BATCH_SECONDS)
        )
