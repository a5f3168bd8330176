from decimal import Decimal

import django.core.serializers.json
import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import accounts.identifiers


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0011_prices"),
    ]

    operations = [
        migrations.CreateModel(
            name="Closing",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("month", models.DateField(help_text="its first day")),
                ("rows", models.PositiveIntegerField(help_text="of the ledger, that it billed")),
                (
                    "closed_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.tenant",
                    ),
                ),
            ],
            options={
                "ordering": ["-month", "-id"],
            },
        ),
        migrations.CreateModel(
            name="ClosedUsage",
            fields=[
                (
                    "usage",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="closed",
                        serialize=False,
                        to="accounts.usagerecord",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.tenant",
                    ),
                ),
                (
                    "closing",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.closing",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "closed usage",
                "ordering": ["-usage"],
            },
        ),
        migrations.CreateModel(
            name="Credit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "amount",
                    models.DecimalField(
                        decimal_places=4,
                        max_digits=12,
                        validators=[django.core.validators.MinValueValidator(Decimal("0.0001"))],
                    ),
                ),
                (
                    "currency",
                    models.CharField(
                        max_length=3,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[A-Z]{3}\\Z", "Three capital letters, as of ISO 4217: EUR."
                            )
                        ],
                    ),
                ),
                ("reason", models.CharField(max_length=200)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.tenant",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="Invoice",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accounts.identifiers.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("invoice", "Invoice"), ("credit_note", "credit note")],
                        default="invoice",
                        max_length=20,
                    ),
                ),
                ("number", models.CharField(max_length=40, unique=True)),
                ("series", models.CharField(max_length=20)),
                ("year", models.PositiveSmallIntegerField()),
                ("sequence", models.PositiveIntegerField()),
                ("month", models.DateField(help_text="its first day")),
                ("issued_at", models.DateTimeField()),
                ("due_on", models.DateField(blank=True, null=True)),
                ("currency", models.CharField(max_length=3)),
                ("lines", models.JSONField(encoder=django.core.serializers.json.DjangoJSONEncoder)),
                ("net", models.DecimalField(decimal_places=4, max_digits=14)),
                ("tax_label", models.CharField(blank=True, max_length=50)),
                ("tax_rate", models.DecimalField(decimal_places=3, max_digits=6)),
                ("tax_note", models.CharField(blank=True, max_length=200)),
                ("tax", models.DecimalField(decimal_places=4, max_digits=14)),
                ("total", models.DecimalField(decimal_places=4, max_digits=14)),
                (
                    "issuer",
                    models.JSONField(encoder=django.core.serializers.json.DjangoJSONEncoder),
                ),
                (
                    "customer",
                    models.JSONField(encoder=django.core.serializers.json.DjangoJSONEncoder),
                ),
                (
                    "reason",
                    models.CharField(blank=True, help_text="of a credit note", max_length=200),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("issued", "Issued"), ("credited", "taken back by credit notes")],
                        default="issued",
                        max_length=20,
                    ),
                ),
                (
                    "payment",
                    models.CharField(
                        choices=[("open", "Open"), ("paid", "Paid"), ("failed", "Failed")],
                        default="open",
                        max_length=20,
                    ),
                ),
                ("payment_reference", models.CharField(blank=True, max_length=200)),
                ("payment_url", models.URLField(blank=True, max_length=500)),
                ("paid_at", models.DateTimeField(blank=True, null=True)),
                (
                    "closing",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.closing",
                    ),
                ),
                (
                    "corrects",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="credit_notes",
                        to="accounts.invoice",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.tenant",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="CreditUse",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("amount", models.DecimalField(decimal_places=4, max_digits=12)),
                (
                    "credit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="uses",
                        to="accounts.credit",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.tenant",
                    ),
                ),
                (
                    "invoice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.invoice",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="NumberSeries",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("series", models.CharField(max_length=20)),
                ("year", models.PositiveSmallIntegerField()),
                ("last", models.PositiveIntegerField(default=0)),
            ],
            options={
                "verbose_name_plural": "number series",
                "ordering": ["-year", "series"],
                "constraints": [
                    models.UniqueConstraint(fields=("series", "year"), name="one_series_a_year")
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="closing",
            constraint=models.UniqueConstraint(
                fields=("tenant", "month"), name="one_closing_a_month"
            ),
        ),
        migrations.AddIndex(
            model_name="invoice",
            index=models.Index(fields=["tenant", "-id"], name="invoice_newest"),
        ),
        migrations.AddIndex(
            model_name="invoice",
            index=models.Index(fields=["month", "currency"], name="invoice_month"),
        ),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.UniqueConstraint(
                fields=("series", "year", "sequence"), name="one_number"
            ),
        ),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind", "invoice")),
                fields=("closing", "currency"),
                name="one_invoice_a_closing_and_currency",
            ),
        ),
        migrations.AddConstraint(
            model_name="credituse",
            constraint=models.UniqueConstraint(
                fields=("credit", "invoice"), name="one_use_an_invoice"
            ),
        ),
    ]
