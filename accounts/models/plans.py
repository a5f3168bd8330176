"""Plans, what their pages cost, and who has had which.

Amounts are Decimal in the currency beside them; days are UTC's.
"""

from __future__ import annotations

from decimal import Decimal

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils import timezone

from accounts.tenancy import TenantOwned

CURRENCY = RegexValidator(r"^[A-Z]{3}\Z", "Three capital letters, as of ISO 4217: EUR.")

NOT_NEGATIVE = MinValueValidator(Decimal(0))
MOST_PROMISED = Decimal("99.999")  # percent: of all nothing could ever go wrong


class Plan(models.Model):
    """What an organisation may use. An empty limit is the one of the settings, or none."""

    name = models.SlugField(max_length=50, unique=True)
    title = models.CharField(max_length=100)
    pages_per_day = models.PositiveIntegerField(null=True, blank=True)
    pages_per_month = models.PositiveIntegerField(null=True, blank=True)
    open_jobs = models.PositiveIntegerField(
        null=True, blank=True, help_text="queued and running at once"
    )
    running_tasks = models.PositiveIntegerField(
        null=True, blank=True, help_text="workers that may be on its jobs at once"
    )
    training_seconds_per_month = models.PositiveIntegerField(
        null=True, blank=True, help_text="of fine-tuning"
    )
    storage_bytes = models.PositiveBigIntegerField(null=True, blank=True)
    retention_hours = models.PositiveIntegerField(null=True, blank=True, help_text="at most")
    calls_per_minute = models.PositiveIntegerField(null=True, blank=True)
    calls_per_hour = models.PositiveIntegerField(null=True, blank=True)
    calls_per_day = models.PositiveIntegerField(null=True, blank=True)
    burst = models.PositiveIntegerField(
        null=True, blank=True, help_text="calls that may come at one moment"
    )
    engines = ArrayField(
        models.CharField(max_length=50),
        default=list,
        blank=True,
        db_default=[],
        help_text="That may be used, by name. Empty: all.",
    )
    availability = models.DecimalField(
        max_digits=6,
        decimal_places=3,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(1)), MaxValueValidator(MOST_PROMISED)],
        help_text="Percent of a month's API calls that are answered without an error of ours. "
        "Empty: nothing is promised.",
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.title


class TurnaroundObjective(models.Model):
    """How soon a plan's documents of a priority are meant to be read, and what share of them.

    It holds for the jobs that end from now on: each is judged when it ends, by what holds then.
    """

    plan = models.ForeignKey(
        "accounts.Plan", on_delete=models.CASCADE, related_name="turnaround_objectives"
    )
    priority = models.PositiveSmallIntegerField(help_text="as a job has it: 0 is high, 2 low")
    seconds = models.PositiveIntegerField(help_text="from submission to end, and besides:")
    seconds_a_page = models.DecimalField(
        max_digits=8,
        decimal_places=2,
        default=Decimal(0),
        validators=[NOT_NEGATIVE],
        help_text="for each page to be read",
    )
    share = models.DecimalField(
        max_digits=6,
        decimal_places=3,
        default=Decimal(95),
        validators=[MinValueValidator(Decimal(1)), MaxValueValidator(MOST_PROMISED)],
        help_text="Percent of the jobs that are done in this time.",
    )

    class Meta:
        ordering = ["plan", "priority"]
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "priority"], name="one_turnaround_objective_a_priority"
            )
        ]

    def __str__(self) -> str:
        return f"{self.plan}, priority {self.priority}: {self.share} % in {self.seconds} s"


class PlanTerms(models.Model):
    """What a plan costs from a day on, until the plan's next terms begin.

    Triggers of the database refuse to change or delete terms, and their prices, once a day has
    passed on which they held: what was is not made different.
    """

    plan = models.ForeignKey("accounts.Plan", on_delete=models.PROTECT, related_name="terms")
    start = models.DateField(help_text="The first day (UTC) on which they hold.")
    currency = models.CharField(max_length=3, validators=[CURRENCY], help_text="ISO 4217")
    base_fee = models.DecimalField(
        max_digits=12,
        decimal_places=4,
        default=Decimal(0),
        validators=[NOT_NEGATIVE],
        help_text="A month, without tax; by days where a month is not whole.",
    )
    included_pages = models.PositiveIntegerField(
        default=0, help_text="Pages a month that the base fee covers."
    )
    overage_price = models.DecimalField(
        max_digits=12,
        decimal_places=6,
        null=True,
        blank=True,
        validators=[NOT_NEGATIVE],
        help_text="Of a page beyond the included ones. Empty: its engine's price.",
    )
    tax_label = models.CharField(max_length=50, blank=True, help_text="For example: VAT")
    tax_rate = models.DecimalField(
        max_digits=6,
        decimal_places=3,
        default=Decimal(0),
        validators=[NOT_NEGATIVE, MaxValueValidator(Decimal(100))],
        help_text="In percent; a customer's own rate goes before.",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name_plural = "plan terms"
        ordering = ["plan", "-start"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "start"], name="one_terms_a_plan_and_day"),
        ]

    def __str__(self) -> str:
        return f"{self.plan} from {self.start:%Y-%m-%d}"


class PlanPrice(models.Model):
    """What a page costs that an engine reads, by a plan's terms."""

    terms = models.ForeignKey(PlanTerms, on_delete=models.CASCADE, related_name="prices")
    engine = models.CharField(max_length=50, help_text='An engine\'s name, or "*" for any other.')
    price = models.DecimalField(
        "price a page", max_digits=12, decimal_places=6, validators=[NOT_NEGATIVE]
    )
    covered = models.BooleanField(
        default=True,
        help_text="Included pages may be this engine's. Off: each costs its price.",
    )

    class Meta:
        ordering = ["terms", "engine"]
        constraints = [
            models.UniqueConstraint(fields=["terms", "engine"], name="one_price_an_engine")
        ]

    def __str__(self) -> str:
        return f"{self.engine}: {self.price}"


class Subscription(TenantOwned):
    """That an organisation has a plan from a day on, until its next subscription begins.

    Written by a trigger of the database whenever ``Tenant.plan``, which is the plan of now,
    changes: on one day the last change counts. So no two overlap, and none differs from it.
    """

    plan = models.ForeignKey(
        "accounts.Plan", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    start = models.DateField()
    changed_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-start"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "start"], name="one_subscription_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.tenant}: {self.plan or 'no plan'} from {self.start:%Y-%m-%d}"
