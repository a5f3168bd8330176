"""The audit log as CSV, for the API and the page alike; here because cells are made safe here."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from django.core.exceptions import BadRequest
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views import View
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts import audit, limits
from accounts.audit_api import PARAMETERS, wanted_of
from accounts.audit_forms import AuditSearchForm
from accounts.audit_log import Wanted, each, entries
from accounts.grants import grant_to
from accounts.limits import USUAL
from accounts.models import AuditEntry, Tenant
from accounts.tenancy import PageMixin, actor_of
from extraction.formats.csv import safe_cell
from jobs.exporting import held
from jobs.views import ProblemPage

COLUMNS = (
    "id", "at", "actor", "user", "api_key", "action", "object_type", "object_id", "address",
    "request_id", "before", "after",
)  # fmt: skip
ROWS = 200  # made at once


class AuditTableView(APIView):
    """The same entries as a table."""

    actions: ClassVar[Mapping[str, str]] = {"get": "audit:read"}
    rates: ClassVar[Mapping[str, str]] = USUAL

    @extend_schema(
        operation_id="audit_csv",
        tags=["audit"],
        summary="The audit log as CSV, newest first",
        parameters=PARAMETERS,
        responses={(200, "text/csv"): OpenApiTypes.STR},
    )
    def get(self, request: Request) -> HttpResponseBase:
        """All entries that the filters let through. That it was taken is an entry too."""
        return _table(request, wanted_of(request))


class AuditTablePage(ProblemPage, PageMixin, View):
    """What the page shows, as a table to keep."""

    actions: ClassVar[Mapping[str, str]] = {"get": "audit:read"}

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """The filters are the page's."""
        limits.admit(request, "read")
        form = AuditSearchForm(request.GET)
        if not form.is_valid():
            raise BadRequest("A filter is not valid.")
        return _table(request, form.wanted())


def _table(request: HttpRequest | Request, wanted: Wanted) -> HttpResponseBase:
    """The answer, written while it is sent. Raises ``Busy``."""
    actor = actor_of(request)
    grant = grant_to(actor, "audit:read")
    with held(_parts(actor.tenant, wanted), grant) as body:
        if request.method == "GET":
            audit.record(
                actor=actor,
                tenant=actor.tenant,
                action="audit.export",
                after=wanted.given(),
                address=audit.address_of(request),
            )
        response = StreamingHttpResponse(body, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="audit.csv"'
    response["Cache-Control"] = "private, no-store"
    return response


def _parts(tenant: Tenant, wanted: Wanted) -> Iterator[bytes]:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for number, entry in enumerate(each(entries(tenant, wanted)), 1):
        writer.writerow([safe_cell(cell) for cell in _cells(entry)])
        if number % ROWS == 0:
            yield out.getvalue().encode()
            out.seek(0)
            out.truncate()
    yield out.getvalue().encode()


def _cells(entry: AuditEntry) -> list[Any]:
    return [
        entry.pk,
        entry.at.isoformat(),
        entry.actor,
        entry.user_id,
        entry.api_key_id,
        entry.action,
        entry.object_type,
        entry.object_id,
        entry.address,
        entry.request_id,
        *(
            "" if value is None else json.dumps(value, ensure_ascii=False)
            for value in (entry.before, entry.after)
        ),
    ]
