"""Billing through the API: this month so far, invoices and credit notes, to be read alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import billing, invoice_pdf
from accounts.limits import USUAL
from accounts.models import Invoice
from accounts.tenancy import TenantMixin, tenant_of
from jobs import invoice_csv
from jobs.billing_serializers import BillingSerializer, InvoiceDetailSerializer, InvoiceSerializer

READ: Mapping[str, str] = {"get": "billing:read"}
TAGS = ["billing"]


class BillingView(APIView):
    """How billing stands."""

    actions: ClassVar[Mapping[str, str]] = READ
    rates: ClassVar[Mapping[str, str]] = USUAL

    @extend_schema(
        operation_id="billing",
        tags=TAGS,
        summary="Plan, this month so far, and the budget",
        responses=BillingSerializer,
    )
    def get(self, request: Request) -> Response:
        """Of jobs that have ended."""
        return Response(BillingSerializer(billing.current(tenant_of(request))).data)


class InvoiceListView(TenantMixin, ListAPIView[Invoice]):
    """Invoices and credit notes, newest first."""

    queryset = Invoice.objects.all()
    serializer_class = InvoiceSerializer
    actions: ClassVar[Mapping[str, str]] = READ
    rates: ClassVar[Mapping[str, str]] = USUAL

    @extend_schema(operation_id="invoices", tags=TAGS, summary="List invoices, newest first")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Credit notes among them."""
        return super().get(request, *args, **kwargs)


class OneInvoiceView(TenantMixin, GenericAPIView[Invoice]):
    """What these share: the organisation's invoice of that id."""

    queryset = Invoice.objects.select_related("corrects")
    serializer_class = InvoiceDetailSerializer
    actions: ClassVar[Mapping[str, str]] = READ
    rates: ClassVar[Mapping[str, str]] = USUAL

    def invoice(self, pk: UUID) -> Invoice:
        """Raises Http404."""
        found: Invoice = get_object_or_404(self.get_queryset(), pk=pk)
        return found


class InvoiceView(OneInvoiceView):
    """One invoice or credit note."""

    @extend_schema(operation_id="invoice", tags=TAGS, summary="An invoice with its lines")
    def get(self, request: Request, pk: UUID) -> Response:
        """As it was issued."""
        return Response(InvoiceDetailSerializer(self.invoice(pk)).data)


class InvoicePdfView(OneInvoiceView):
    """The same as PDF."""

    @extend_schema(
        operation_id="invoice_pdf",
        tags=TAGS,
        summary="An invoice as PDF",
        responses={(200, "application/pdf"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, pk: UUID) -> HttpResponse:
        """To be kept or printed."""
        return pdf_answer(self.invoice(pk))


class InvoiceCsvView(OneInvoiceView):
    """The same as a table."""

    @extend_schema(
        operation_id="invoice_csv",
        tags=TAGS,
        summary="An invoice as CSV, a row for each line",
        responses={(200, "text/csv"): OpenApiTypes.STR},
    )
    def get(self, request: Request, pk: UUID) -> HttpResponse:
        """For spreadsheets."""
        return csv_answer(self.invoice(pk))


def pdf_answer(invoice: Invoice) -> HttpResponse:
    """A download; also the page's."""
    return _download(invoice_pdf.render(invoice), "application/pdf", f"{invoice.number}.pdf")


def csv_answer(invoice: Invoice) -> HttpResponse:
    """A download; also the page's."""
    body = invoice_csv.table([invoice]).encode()
    return _download(body, "text/csv; charset=utf-8", f"{invoice.number}.csv")


def _download(body: bytes, media_type: str, name: str) -> HttpResponse:
    answer = HttpResponse(body, content_type=media_type)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "private, no-store"
    return answer
