from decimal import Decimal

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

from accounts.row_policies import protect

NOT_NEGATIVE = django.core.validators.MinValueValidator(Decimal("0"))
PERCENT = [
    django.core.validators.MinValueValidator(Decimal("1")),
    django.core.validators.MaxValueValidator(Decimal("99.999")),
]


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0025_organisation"),
    ]

    operations = [
        migrations.AddField(
            model_name="plan",
            name="availability",
            field=models.DecimalField(
                blank=True,
                decimal_places=3,
                help_text="Percent of a month's API calls that are answered without an error of ours. Empty: nothing is promised.",
                max_digits=6,
                null=True,
                validators=PERCENT,
            ),
        ),
        migrations.CreateModel(
            name="TurnaroundObjective",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "priority",
                    models.PositiveSmallIntegerField(help_text="as a job has it: 0 is high, 2 low"),
                ),
                (
                    "seconds",
                    models.PositiveIntegerField(help_text="from submission to end, and besides:"),
                ),
                (
                    "seconds_a_page",
                    models.DecimalField(
                        decimal_places=2,
                        default=Decimal("0"),
                        help_text="for each page to be read",
                        max_digits=8,
                        validators=[NOT_NEGATIVE],
                    ),
                ),
                (
                    "share",
                    models.DecimalField(
                        decimal_places=3,
                        default=Decimal("95"),
                        help_text="Percent of the jobs that are done in this time.",
                        max_digits=6,
                        validators=PERCENT,
                    ),
                ),
                (
                    "plan",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="turnaround_objectives",
                        to="accounts.plan",
                    ),
                ),
            ],
            options={
                "ordering": ["plan", "priority"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("plan", "priority"), name="one_turnaround_objective_a_priority"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="CallSum",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateField(help_text="on which they came (UTC)")),
                (
                    "plan",
                    models.CharField(
                        blank=True, help_text="its name then; empty: none", max_length=50
                    ),
                ),
                ("calls", models.PositiveBigIntegerField()),
                (
                    "failed",
                    models.PositiveBigIntegerField(
                        help_text="answered with a status of 500 and above"
                    ),
                ),
                (
                    "promised",
                    models.PositiveBigIntegerField(
                        help_text="of them, under a plan with an availability"
                    ),
                ),
                (
                    "missed",
                    models.PositiveBigIntegerField(
                        help_text="of the promised ones, those that failed"
                    ),
                ),
                ("allowed", models.DecimalField(decimal_places=6, max_digits=20)),
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
                "indexes": [models.Index(fields=["day"], name="call_sum_day")],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "day", "plan"), name="one_call_sum")
                ],
            },
        ),
        protect("accounts_callsum"),
        migrations.RunSQL(
            "ALTER TABLE accounts_callsum SET (fillfactor = 50)", migrations.RunSQL.noop
        ),
    ]
