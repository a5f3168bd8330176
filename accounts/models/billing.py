"""What is charged: months closed, invoices, credits, budgets.

Amounts are Decimal in the currency beside them; days and months are UTC's.
"""

from __future__ import annotations

from decimal import Decimal

from django.core.serializers.json import DjangoJSONEncoder
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import pgettext_lazy

from accounts.identifiers import uuid7
from accounts.models.plans import CURRENCY, NOT_NEGATIVE
from accounts.money import shown
from accounts.tenancy import TenantOwned


class BillingDetails(TenantOwned):
    """Who pays for an organisation, as it stands on its invoices."""

    name = models.CharField("name or company", max_length=200)
    address = models.TextField(max_length=500)
    country = models.CharField(
        max_length=2, validators=[RegexValidator(r"^[A-Z]{2}\Z", "Two capital letters: DE.")]
    )
    tax_id = models.CharField("VAT or tax number", max_length=50, blank=True)
    email = models.EmailField("e-mail address for invoices", blank=True)
    reference = models.CharField("your reference", max_length=100, blank=True)
    tax_rate = models.DecimalField(
        max_digits=6,
        decimal_places=3,
        null=True,
        blank=True,
        validators=[NOT_NEGATIVE, MaxValueValidator(Decimal(100))],
        help_text="Percent, where it is not the plan's: 0 for reverse charge. Operators set it.",
    )
    tax_note = models.CharField(
        max_length=200, blank=True, help_text="Printed below the tax, for example: Reverse charge."
    )

    class Meta:
        verbose_name_plural = "billing details"
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["tenant"], name="one_billing_details_a_tenant")
        ]

    def __str__(self) -> str:
        return self.name


class Budget(TenantOwned):
    """What an organisation's pages may cost a month, without base fee and tax."""

    amount = models.DecimalField(max_digits=12, decimal_places=2, validators=[NOT_NEGATIVE])
    currency = models.CharField(max_length=3, validators=[CURRENCY])
    hard_stop = models.BooleanField(
        default=False, help_text="Refuse documents that might cost more; else only tell."
    )

    class Meta:
        ordering = ["tenant"]
        constraints = [models.UniqueConstraint(fields=["tenant"], name="one_budget_a_tenant")]

    def __str__(self) -> str:
        return f"{self.tenant}: {shown(self.amount, self.currency)}"


class Closing(TenantOwned):
    """That a month of an organisation has been billed; once each. Never changed."""

    tenant = models.ForeignKey("accounts.Tenant", on_delete=models.PROTECT, related_name="+")
    month = models.DateField(help_text="its first day")
    rows = models.PositiveIntegerField(help_text="of the ledger, that it billed")
    closed_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-month", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "month"], name="one_closing_a_month")
        ]

    def __str__(self) -> str:
        return f"{self.tenant}, {self.month:%Y-%m}"


class ClosedUsage(TenantOwned):
    """Which closing billed a row of the ledger: one, by its key. Never changed."""

    tenant = models.ForeignKey("accounts.Tenant", on_delete=models.PROTECT, related_name="+")
    usage = models.OneToOneField(
        "accounts.UsageRecord", on_delete=models.PROTECT, primary_key=True, related_name="closed"
    )
    closing = models.ForeignKey(Closing, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name_plural = "closed usage"
        ordering = ["-usage"]

    def __str__(self) -> str:
        return f"usage {self.usage_id} in closing {self.closing_id}"


class NumberSeries(models.Model):
    """The last number of a series in a year. Its row is locked until the document is there.

    A trigger of the database counts the documents that went with their organisation.
    """

    series = models.CharField(max_length=20)
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)
    removed = models.PositiveIntegerField(
        default=0, db_default=0, editable=False, help_text="documents of deleted organisations"
    )

    class Meta:
        verbose_name_plural = "number series"
        ordering = ["-year", "series"]
        constraints = [models.UniqueConstraint(fields=["series", "year"], name="one_series_a_year")]

    def __str__(self) -> str:
        return f"{self.series}-{self.year}: {self.last}"


class Invoice(TenantOwned):
    """An invoice or a credit note, as it was issued.

    A trigger of the database lets nothing but ``status`` and the payment change, and refuses
    DELETE and TRUNCATE. What it says is in it, not looked up.
    """

    class Kind(models.TextChoices):
        INVOICE = "invoice", pgettext_lazy("billing", "Invoice")
        CREDIT_NOTE = "credit_note", pgettext_lazy("billing", "credit note")

    class Status(models.TextChoices):
        ISSUED = "issued"
        CREDITED = "credited", "taken back by credit notes"

    class Payment(models.TextChoices):
        OPEN = "open", pgettext_lazy("payment", "Open")
        PAID = "paid", pgettext_lazy("payment", "Paid")
        FAILED = "failed", pgettext_lazy("payment", "Failed")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant = models.ForeignKey("accounts.Tenant", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20, choices=Kind.choices, default=Kind.INVOICE)
    number = models.CharField(max_length=40, unique=True)
    series = models.CharField(max_length=20)
    year = models.PositiveSmallIntegerField()
    sequence = models.PositiveIntegerField()
    closing = models.ForeignKey(
        Closing, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    corrects = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="credit_notes"
    )
    month = models.DateField(help_text="its first day")
    issued_at = models.DateTimeField()
    due_on = models.DateField(null=True, blank=True)
    currency = models.CharField(max_length=3)
    lines = models.JSONField(encoder=DjangoJSONEncoder)
    net = models.DecimalField(max_digits=14, decimal_places=4)
    tax_label = models.CharField(max_length=50, blank=True)
    tax_rate = models.DecimalField(max_digits=6, decimal_places=3)
    tax_note = models.CharField(max_length=200, blank=True)
    tax = models.DecimalField(max_digits=14, decimal_places=4)
    total = models.DecimalField(max_digits=14, decimal_places=4)
    issuer = models.JSONField(encoder=DjangoJSONEncoder)
    customer = models.JSONField(encoder=DjangoJSONEncoder)
    reason = models.CharField(max_length=200, blank=True, help_text="of a credit note")
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.ISSUED)
    payment = models.CharField(max_length=20, choices=Payment.choices, default=Payment.OPEN)
    payment_reference = models.CharField(max_length=200, blank=True)
    paid_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["series", "year", "sequence"], name="one_number"),
            models.UniqueConstraint(
                fields=["closing", "currency"],
                condition=models.Q(kind="invoice"),
                name="one_invoice_a_closing_and_currency",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-id"], name="invoice_newest"),
            models.Index(fields=["month", "currency"], name="invoice_month"),
        ]

    def __str__(self) -> str:
        return self.number


class Credit(TenantOwned):
    """An amount, without tax, that an organisation need not pay of its coming invoices."""

    tenant = models.ForeignKey("accounts.Tenant", on_delete=models.PROTECT, related_name="+")
    amount = models.DecimalField(
        max_digits=12, decimal_places=4, validators=[MinValueValidator(Decimal("0.0001"))]
    )
    currency = models.CharField(max_length=3, validators=[CURRENCY])
    reason = models.CharField(max_length=200)
    created_by = models.ForeignKey(
        "accounts.User", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{shown(self.amount, self.currency)} for {self.tenant}"


class CreditUse(TenantOwned):
    """How much of a credit an invoice has used. Never changed."""

    tenant = models.ForeignKey("accounts.Tenant", on_delete=models.PROTECT, related_name="+")
    credit = models.ForeignKey(Credit, on_delete=models.PROTECT, related_name="uses")
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="+")
    amount = models.DecimalField(max_digits=12, decimal_places=4)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["credit", "invoice"], name="one_use_an_invoice")
        ]

    def __str__(self) -> str:
        return f"{self.amount} of credit {self.credit_id}"
