from decimal import Decimal

import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0010_keys"),
    ]

    operations = [
        migrations.AddField(
            model_name="plan",
            name="engines",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=50),
                blank=True,
                db_default=[],
                default=list,
                help_text="That may be used, by name. Empty: all.",
                size=None,
            ),
        ),
        migrations.AddField(
            model_name="reservation",
            name="cost",
            field=models.BigIntegerField(
                db_default=0, default=0, help_text="kept of a budget that stops, in millionths"
            ),
        ),
        migrations.AddField(
            model_name="usagerecord",
            name="currency",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="empty: no price was due",
                max_length=3,
            ),
        ),
        migrations.AddField(
            model_name="usagerecord",
            name="included",
            field=models.PositiveIntegerField(
                db_default=0, default=0, help_text="of the pages, those that the base fee covers"
            ),
        ),
        migrations.AddField(
            model_name="usagerecord",
            name="unit_price",
            field=models.DecimalField(
                db_default=0,
                decimal_places=6,
                default=0,
                help_text="of a page, as it was",
                max_digits=12,
            ),
        ),
        migrations.CreateModel(
            name="PlanTerms",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("start", models.DateField(help_text="The first day (UTC) on which they hold.")),
                (
                    "currency",
                    models.CharField(
                        help_text="ISO 4217",
                        max_length=3,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[A-Z]{3}\\Z", "Three capital letters, as of ISO 4217: EUR."
                            )
                        ],
                    ),
                ),
                (
                    "base_fee",
                    models.DecimalField(
                        decimal_places=4,
                        default=Decimal("0"),
                        help_text="A month, without tax; by days where a month is not whole.",
                        max_digits=12,
                        validators=[django.core.validators.MinValueValidator(Decimal("0"))],
                    ),
                ),
                (
                    "included_pages",
                    models.PositiveIntegerField(
                        default=0, help_text="Pages a month that the base fee covers."
                    ),
                ),
                (
                    "overage_price",
                    models.DecimalField(
                        blank=True,
                        decimal_places=6,
                        help_text="Of a page beyond the included ones. Empty: its engine's price.",
                        max_digits=12,
                        null=True,
                        validators=[django.core.validators.MinValueValidator(Decimal("0"))],
                    ),
                ),
                (
                    "tax_label",
                    models.CharField(blank=True, help_text="For example: VAT", max_length=50),
                ),
                (
                    "tax_rate",
                    models.DecimalField(
                        decimal_places=3,
                        default=Decimal("0"),
                        help_text="In percent; a customer's own rate goes before.",
                        max_digits=6,
                        validators=[
                            django.core.validators.MinValueValidator(Decimal("0")),
                            django.core.validators.MaxValueValidator(Decimal("100")),
                        ],
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
                ),
                (
                    "plan",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="terms",
                        to="accounts.plan",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "plan terms",
                "ordering": ["plan", "-start"],
            },
        ),
        migrations.CreateModel(
            name="PlanPrice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "engine",
                    models.CharField(
                        help_text='An engine\'s name, or "*" for any other.', max_length=50
                    ),
                ),
                (
                    "price",
                    models.DecimalField(
                        decimal_places=6,
                        max_digits=12,
                        validators=[django.core.validators.MinValueValidator(Decimal("0"))],
                        verbose_name="price a page",
                    ),
                ),
                (
                    "covered",
                    models.BooleanField(
                        default=True,
                        help_text="Included pages may be this engine's. Off: each costs its price.",
                    ),
                ),
                (
                    "terms",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="prices",
                        to="accounts.planterms",
                    ),
                ),
            ],
            options={
                "ordering": ["terms", "engine"],
            },
        ),
        migrations.CreateModel(
            name="Subscription",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("start", models.DateField()),
                (
                    "changed_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
                ),
                (
                    "plan",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.plan",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.tenant",
                    ),
                ),
            ],
            options={
                "ordering": ["-start"],
            },
        ),
        migrations.CreateModel(
            name="UsageSum",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateField()),
                ("engine", models.CharField(max_length=50)),
                ("currency", models.CharField(blank=True, max_length=3)),
                ("rows", models.PositiveIntegerField()),
                ("calls", models.PositiveIntegerField(help_text="rows of first runs")),
                ("pages", models.PositiveBigIntegerField()),
                ("included", models.PositiveBigIntegerField()),
                ("cached", models.PositiveIntegerField(help_text="rows")),
                ("failed", models.PositiveIntegerField(help_text="rows")),
                ("compute_seconds", models.FloatField()),
                ("cost", models.DecimalField(decimal_places=6, max_digits=18)),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.tenant",
                    ),
                ),
            ],
            options={
                "ordering": ["-day", "-id"],
            },
        ),
        migrations.CreateModel(
            name="BillingDetails",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=200, verbose_name="name or company")),
                ("address", models.TextField(max_length=500)),
                (
                    "country",
                    models.CharField(
                        max_length=2,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[A-Z]{2}\\Z", "Two capital letters: DE."
                            )
                        ],
                    ),
                ),
                (
                    "tax_id",
                    models.CharField(blank=True, max_length=50, verbose_name="VAT or tax number"),
                ),
                (
                    "email",
                    models.EmailField(
                        blank=True, max_length=254, verbose_name="e-mail address for invoices"
                    ),
                ),
                (
                    "reference",
                    models.CharField(blank=True, max_length=100, verbose_name="your reference"),
                ),
                (
                    "tax_rate",
                    models.DecimalField(
                        blank=True,
                        decimal_places=3,
                        help_text="Percent, where it is not the plan's: 0 for reverse charge. Operators set it.",
                        max_digits=6,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(Decimal("0")),
                            django.core.validators.MaxValueValidator(Decimal("100")),
                        ],
                    ),
                ),
                (
                    "tax_note",
                    models.CharField(
                        blank=True,
                        help_text="Printed below the tax, for example: Reverse charge.",
                        max_length=200,
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.tenant",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "billing details",
                "ordering": ["name"],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant",), name="one_billing_details_a_tenant")
                ],
            },
        ),
        migrations.CreateModel(
            name="Budget",
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
                        decimal_places=2,
                        max_digits=12,
                        validators=[django.core.validators.MinValueValidator(Decimal("0"))],
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
                (
                    "hard_stop",
                    models.BooleanField(
                        default=False,
                        help_text="Refuse documents that might cost more; else only tell.",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.tenant",
                    ),
                ),
            ],
            options={
                "ordering": ["tenant"],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant",), name="one_budget_a_tenant")
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="planterms",
            constraint=models.UniqueConstraint(
                fields=("plan", "start"), name="one_terms_a_plan_and_day"
            ),
        ),
        migrations.AddConstraint(
            model_name="planprice",
            constraint=models.UniqueConstraint(
                fields=("terms", "engine"), name="one_price_an_engine"
            ),
        ),
        migrations.AddConstraint(
            model_name="subscription",
            constraint=models.UniqueConstraint(
                fields=("tenant", "start"), name="one_subscription_a_day"
            ),
        ),
        migrations.AddIndex(
            model_name="usagesum",
            index=models.Index(fields=["day"], name="usage_sum_day"),
        ),
        migrations.AddConstraint(
            model_name="usagesum",
            constraint=models.UniqueConstraint(
                fields=("tenant", "day", "engine", "currency"), name="one_usage_sum"
            ),
        ),
    ]
