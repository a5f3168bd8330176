"""Batches through the API: parse, call one function, reply."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import astuple
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.generics import GenericAPIView
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from accounts.audit import address_of
from accounts.grants import grant_to
from accounts.limits import USUAL
from accounts.tenancy import TenantMixin, actor_of
from extraction.errors import InvalidOption
from extraction.formats import FORMATS
from jobs import (
    batch_actions,
    batch_progress,
    batches,
    download_audit,
    idempotency,
    queue,
)
from jobs.batch_export import EXPORTS, of_batch
from jobs.batch_fetching import Source
from jobs.batch_progress import BatchKey
from jobs.batch_serializers import (
    FILE_FIELDS,
    BatchDetailSerializer,
    BatchSerializer,
    BatchSubmitSerializer,
)
from jobs.blocking import wait_for_end
from jobs.downloads import as_download
from jobs.errors import Busy
from jobs.exporting import held
from jobs.job_answers import ONCE, WAIT, answered_later, wait_seconds
from jobs.listeners import host_of
from jobs.models import Batch
from jobs.submit_serializers import RetrySerializer
from jobs.uploads import BatchUploadHandler, Upload
from jobs.usual_options import NOTHING_SAID, usual_options

receiving = threading.BoundedSemaphore(settings.MAX_RECEIVING)


class BatchView(TenantMixin, GenericAPIView[Batch]):
    """What the batch endpoints share: the tenant's batches."""

    queryset = Batch.objects.select_related("tenant")
    serializer_class = BatchDetailSerializer
    rates: ClassVar[Mapping[str, str]] = USUAL

    def shown(self, rows: Sequence[Batch], serializer: type[BatchSerializer]) -> list[Any]:
        """The batches as the API shows them."""
        context = {**self.get_serializer_context(), "progress": batches.progress(rows)}
        return [serializer(batch, context=context).data for batch in rows]

    def reply(self, batch: Batch, status: int = 200) -> Response:
        """The batch as an answer, with its address in Location where it was made."""
        location = reverse("batch", args=[batch.pk], request=self.request)
        headers = {"Location": location} if status == 202 else {}
        return Response(
            self.shown([batch], BatchDetailSerializer)[0], status=status, headers=headers
        )


class BatchListView(BatchView):
    """The tenant's batches, newest first; POST submits one."""

    actions: ClassVar[Mapping[str, str]] = {"get": "jobs:read", "post": "jobs:write"}
    rates: ClassVar[Mapping[str, str]] = {"get": "read", "post": "submit"}
    parser_classes = [MultiPartParser, *GenericAPIView.parser_classes]

    @extend_schema(
        operation_id="batches",
        tags=["batches"],
        summary="List batches, newest first",
        responses=BatchSerializer(many=True),
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Without their documents."""
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(self.shown(page or [], BatchSerializer))

    @extend_schema(
        operation_id="batch_submit",
        tags=["batches"],
        summary="Submit many documents",
        request={
            "multipart/form-data": BatchSubmitSerializer,
            "application/json": BatchSubmitSerializer,
        },
        parameters=[ONCE],
        responses={202: BatchDetailSerializer},
    )
    def post(self, request: Request) -> Response:
        """Every file that can be a document becomes a job; the others are told with the reason."""
        if not receiving.acquire(blocking=False):
            raise Busy("Many batches are being received at the moment.")
        try:
            return self._submit(request)
        finally:
            receiving.release()

    def _submit(self, request: Request) -> Response:
        actor = actor_of(request)
        usual = usual_options(actor.tenant)
        queue.refuse_when_full(queue.pool_of(usual.engine))  # before the body is looked at
        http = request._request
        http.upload_handlers = [BatchUploadHandler(http)]
        form = BatchSubmitSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        if unknown := [name for name in request.FILES if name not in FILE_FIELDS]:
            raise ValidationError({"files": [f"A file was sent as {unknown[0][:80]!r}."]})
        uploads: list[Upload] = [f for name in FILE_FIELDS for f in request.FILES.getlist(name)]
        sources: list[Source] = form.validated_data.get("urls", [])
        if not uploads and not sources:
            raise ValidationError({"files": ["No file was sent."]})
        name = form.validated_data.get("name", "")
        metadata, priority = form.validated_data.get("metadata"), form.chosen_priority()
        hours, cache = form.validated_data.get("retention_hours"), form.validated_data.get("cache")

        def content() -> list[Any]:
            sent = [[upload.name, upload.size, upload.sha256] for upload in uploads]
            wanted: list[Any] = [
                sent,
                form.options(NOTHING_SAID).by_name(),
                name,
                metadata,
                priority,
            ]
            if sources:
                wanted.append([astuple(source) for source in sources])
            if hours is not None:
                wanted.append(["retention_hours", hours])
            if cache is False:
                wanted.append("read anew")
            return wanted

        once = idempotency.asked(request, tenant=actor.tenant, route="batches", content=content)
        batch, first_status = idempotency.run_once(
            once,
            make=lambda: batch_actions.submit_batch(
                actor=actor,
                uploads=uploads,
                sources=sources,
                options=form.options(usual),
                name=name,
                metadata=metadata,
                priority=priority,
                retention_hours=hours,
                cache=cache,
                once=once,
                address=address_of(request),
            ),
            find=lambda pk: self.get_queryset().filter(pk=pk).first(),
        )
        reply = self.reply(batch, 202)
        if first_status is not None:
            reply[idempotency.REPLAYED] = "true"
        return reply


class BatchDetailView(BatchView):
    """One batch."""

    actions: ClassVar[Mapping[str, str]] = {"get": "jobs:read", "delete": "jobs:write"}

    @extend_schema(
        operation_id="batch",
        tags=["batches"],
        summary="A batch with its documents",
        parameters=[WAIT],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Its progress, and how each document stands; with ``wait`` at its end."""
        batch, seconds, host = self.get_object(), wait_seconds(request), host_of(request)
        if batch.ended or not seconds or request.method == "HEAD":
            return self.reply(batch)
        if host is None:
            return self.reply(wait_for_end(batch, seconds))
        if not host.has_room:
            return self.reply(batch)
        return answered_later(
            self,
            lambda: self.reply(self.get_object()),
            key=BatchKey(batch.tenant_id, batch.pk),
            read=batch_progress.read_ended,
            seconds=seconds,
        )

    @extend_schema(
        operation_id="batch_delete",
        tags=["batches"],
        summary="Delete a batch with its jobs, their results and files",
        responses={
            204: OpenApiResponse(description="All is gone."),
            202: OpenApiResponse(BatchDetailSerializer, "What is left; delete again to go on."),
        },
    )
    def delete(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Job by job; a request ends after some seconds even if jobs are left."""
        batch = self.get_object()
        if batch_actions.delete(batch, actor=actor_of(request), address=address_of(request)):
            return Response(status=204)
        return self.reply(self.get_object(), 202)


class BatchCancelView(BatchView):
    """Cancelling a batch."""

    actions: ClassVar[Mapping[str, str]] = {"post": "jobs:cancel"}

    @extend_schema(
        operation_id="batch_cancel",
        tags=["batches"],
        summary="Cancel what has not ended of a batch",
        request=None,
        responses={202: BatchDetailSerializer},
    )
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Queued jobs end at once, running ones after their current page."""
        batch = batch_actions.cancel(
            self.get_object(), actor=actor_of(request), address=address_of(request)
        )
        return self.reply(batch, 202)


class BatchRetryView(BatchView):
    """Trying again what did not succeed of a batch."""

    actions: ClassVar[Mapping[str, str]] = {"post": "jobs:write"}
    rates: ClassVar[Mapping[str, str]] = {"post": "submit"}

    @extend_schema(
        operation_id="batch_retry",
        tags=["batches"],
        summary="Try again what did not succeed of a batch",
        request=RetrySerializer,
        responses={202: BatchDetailSerializer},
    )
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Queue again what failed, was cancelled or is partial; what was read is not read again."""
        form = RetrySerializer(data=request.data)
        form.is_valid(raise_exception=True)
        batch = batch_actions.retry(
            self.get_object(),
            actor=actor_of(request),
            address=address_of(request),
            password=form.validated_data.get("password", ""),
        )
        return self.reply(batch, 202)


class BatchExportView(BatchView):
    """The results of a batch together."""

    actions: ClassVar[Mapping[str, str]] = {"get": "jobs:read"}

    @extend_schema(
        operation_id="batch_export",
        tags=["batches"],
        summary="The results of a batch in one file",
        parameters=[
            OpenApiParameter("name", str, OpenApiParameter.PATH, enum=list(EXPORTS)),
            OpenApiParameter(
                "formats", str, description="of the zip: names of formats, with commas; json"
            ),
        ],
        responses={
            (200, kind): {"type": "array", "items": {"type": "object"}}
            if kind == "application/json"
            else OpenApiTypes.BINARY
            for row in EXPORTS.values()
            for kind in (row.media_type.split(";")[0],)
        },
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """At any time: documents that have not ended are listed as such."""
        wanted = request.query_params.get("formats", "json")
        return exported(request, self.get_object(), kwargs["name"], wanted, by="api")


def exported(
    request: HttpRequest | Request, batch: Batch, name: str, wanted: str, *, by: str
) -> HttpResponseBase:
    """A batch's export as a download; ``wanted`` names formats for the zip, with commas between.

    Raises ``InvalidOption``, ``Busy``.
    """
    row = EXPORTS[name]
    formats = list(dict.fromkeys(each.strip() for each in wanted.split(",") if each.strip()))
    if not formats or any(each not in FORMATS for each in formats):
        raise InvalidOption(f"formats are some of: {', '.join(FORMATS)}.")
    sent: list[UUID] = []
    parts = row.make(of_batch(batch), formats, sent) if request.method == "GET" else iter(())
    with held(parts, grant_to(actor_of(request), "jobs:read"), sent) as body:
        download_audit.note(request, batch, row.name, by=by)
        response = StreamingHttpResponse(body, content_type=row.media_type)
    return as_download(response, f"{batch.name.strip('. ') or 'batch'}.{row.name}")
