"""What the billing endpoints give. Amounts are decimal texts, so that no cent is lost in floats."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.models import Invoice


class LineSerializer(serializers.Serializer[Any]):
    """A line of a statement or an invoice (accounts.statements.Line)."""

    kind = serializers.CharField(
        help_text="base_fee, pages, late_pages (of earlier months), training, credit or credit_note"
    )
    text = serializers.CharField()
    engine = serializers.CharField(allow_blank=True)
    quantity = serializers.CharField(help_text="of pages: those that are charged")
    included = serializers.IntegerField(help_text="more pages, which the base fee covers")
    unit = serializers.CharField(allow_blank=True)
    unit_price = serializers.CharField()
    amount = serializers.CharField(help_text="without tax, rounded")


class StatementSerializer(serializers.Serializer[Any]):
    """What a month has come to so far in one currency (accounts.statements.Statement)."""

    currency = serializers.CharField()
    lines = LineSerializer(many=True)
    net = serializers.CharField(help_text="without tax")
    tax_label = serializers.CharField(allow_blank=True)
    tax_rate = serializers.CharField(help_text="percent")
    tax = serializers.CharField()
    total = serializers.CharField()


class BudgetSerializer(serializers.Serializer[Any]):
    """The month's budget (accounts.budgets.BudgetStanding)."""

    amount = serializers.CharField()
    currency = serializers.CharField()
    hard_stop = serializers.BooleanField(help_text="documents that might cost more are refused")
    used = serializers.CharField()
    reserved = serializers.CharField(help_text="the most that open jobs may cost")
    percent = serializers.IntegerField()
    holds = serializers.BooleanField(help_text="false: the plan has another currency by now")


class BillingSerializer(serializers.Serializer[Any]):
    """How billing stands (accounts.billing.Current)."""

    plan = serializers.CharField(allow_blank=True)
    month = serializers.DateField(help_text="its first day (UTC)")
    statements = StatementSerializer(
        many=True, help_text="so far, the base fee whole; one for each currency, as a rule one"
    )
    included_pages = serializers.IntegerField(help_text="this month")
    included_used = serializers.IntegerField()
    foreseen = serializers.CharField(
        allow_null=True,
        help_text="net of the month if its rest is like its beginning; null in the first days",
    )
    budget = BudgetSerializer(allow_null=True)


class InvoiceSerializer(serializers.ModelSerializer[Invoice]):
    """An invoice or a credit note, as it was issued; a credit note's amounts are below 0."""

    month = serializers.DateField(help_text="its first day (UTC)")
    corrects = serializers.UUIDField(
        source="corrects_id", allow_null=True, help_text="of a credit note: its invoice"
    )

    class Meta:
        model = Invoice
        fields = [
            "id", "number", "kind", "status", "payment", "month", "issued_at", "due_on",
            "currency", "net", "tax", "total", "corrects", "reason",
        ]  # fmt: skip
        read_only_fields = fields


class InvoiceDetailSerializer(InvoiceSerializer):
    """With its lines, and who it is from and for."""

    lines = LineSerializer(many=True)
    issuer = serializers.DictField(child=serializers.CharField(allow_blank=True))
    customer = serializers.DictField(child=serializers.CharField(allow_blank=True))

    class Meta(InvoiceSerializer.Meta):
        fields = [
            *InvoiceSerializer.Meta.fields,
            "lines", "tax_label", "tax_rate", "tax_note", "issuer", "customer",
        ]  # fmt: skip
        read_only_fields = fields
