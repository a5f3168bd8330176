"""How endpoints answer with a job: as it is, or at its end; and with its result."""

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
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import NotAuthenticated
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import request_ids
from accounts.grants import grant_to, still_good
from accounts.limits import USUAL
from accounts.tenancy import TenantMixin, actor_of
from extraction.errors import InvalidOption
from extraction.formats import FORMATS, render
from jobs import idempotency
from jobs.blocking import wait_for_end
from jobs.downloads import as_download
from jobs.listeners import Handover, Read, Waiter, host_of
from jobs.models import Job
from jobs.progress import JobKey, read_ended
from jobs.results import document_of, open_pdf
from jobs.serializers import JobSerializer

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


def wait_seconds(request: Request, default: int = 0) -> float:
    """The ``wait`` parameter. Raises ``InvalidOption``."""
    text = request.query_params.get("wait", str(default))
    if not re.fullmatch(r"[0-9]{1,3}", text) or int(text) > settings.MAX_WAIT_SECONDS:
        raise InvalidOption("wait is a whole number of seconds.", limit=settings.MAX_WAIT_SECONDS)
    return float(text)


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
