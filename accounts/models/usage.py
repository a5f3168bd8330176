"""Pages used and kept room for: the ledger, its sums, quotas."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from accounts.models.keys import ApiKey
from accounts.models.tenants import Tenant
from accounts.tenancy import TenantOwned


class UsageRecord(TenantOwned):
    """What one run of a job used, for billing: run 0, and one more each time it was tried again.

    Rows are added, never changed: triggers of the database refuse UPDATE, DELETE and TRUNCATE.
    """

    # A tenant that has used something is switched off, not deleted: its bill stands.
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    job_id = models.UUIDField()
    # as with AuditEntry, history outlives the key
    api_key = models.ForeignKey(
        ApiKey,
        models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
        help_text="that submitted the job",
    )
    run = models.PositiveIntegerField(default=0)
    engine = models.CharField(max_length=50)
    pages = models.PositiveIntegerField(help_text="read in this run; failed ones are free")
    compute_seconds = models.FloatField()
    outcome = models.CharField(max_length=10, blank=True, help_text="the status it ended with")
    cached = models.BooleanField(default=False, help_text="had another job's result: free")
    day = models.DateField(
        null=True, blank=True, help_text="whose quota the pages count to (UTC); empty: none's"
    )
    unit_price = models.DecimalField(
        max_digits=12, decimal_places=6, default=0, db_default=0, help_text="of a page, as it was"
    )
    included = models.PositiveIntegerField(
        default=0, db_default=0, help_text="of the pages, those that the base fee covers"
    )
    currency = models.CharField(
        max_length=3, blank=True, default="", db_default="", help_text="empty: no price was due"
    )
    submitted_at = models.DateTimeField(default=timezone.now, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["job_id", "run"], name="one_usage_record_a_run")
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="usage_newest"),
            models.Index(fields=["tenant", "submitted_at"], name="usage_submitted"),
            models.Index(
                fields=["api_key", "submitted_at"],
                name="usage_by_key",
                condition=models.Q(api_key__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pages} pages of job {self.job_id}"


class UsageSum(TenantOwned):
    """What an organisation's rows of the ledger add up to, by day, engine and currency.

    A trigger of the database adds each row of the ledger as its transaction commits.
    """

    day = models.DateField()
    engine = models.CharField(max_length=50)
    currency = models.CharField(max_length=3, blank=True)
    rows = models.PositiveIntegerField()
    calls = models.PositiveIntegerField(help_text="rows of first runs")
    pages = models.PositiveBigIntegerField()
    included = models.PositiveBigIntegerField()
    cached = models.PositiveIntegerField(help_text="rows")
    failed = models.PositiveIntegerField(help_text="rows")
    compute_seconds = models.FloatField()
    cost = models.DecimalField(max_digits=18, decimal_places=6)

    class Meta:
        ordering = ["-day", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "day", "engine", "currency"], name="one_usage_sum"
            )
        ]
        indexes = [models.Index(fields=["day"], name="usage_sum_day")]

    def __str__(self) -> str:
        return f"{self.tenant}, {self.day:%Y-%m-%d}, {self.engine}"


class CallSum(TenantOwned):
    """An organisation's calls of the API by day and plan, and how many had an error of ours.

    Added up by accounts/call_sums.py. What ``promised`` calls may miss is ``allowed``: each adds
    what the plan's availability leaves (0.001 of a call, of 99.9 %), as it is when it is counted.
    """

    day = models.DateField(help_text="on which they came (UTC)")
    plan = models.CharField(max_length=50, blank=True, help_text="its name then; empty: none")
    calls = models.PositiveBigIntegerField()
    failed = models.PositiveBigIntegerField(help_text="answered with a status of 500 and above")
    promised = models.PositiveBigIntegerField(
        help_text="of them, under a plan with an availability"
    )
    missed = models.PositiveBigIntegerField(help_text="of the promised ones, those that failed")
    allowed = models.DecimalField(max_digits=20, decimal_places=6)

    class Meta:
        ordering = ["-day", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "day", "plan"], name="one_call_sum")
        ]
        indexes = [models.Index(fields=["day"], name="call_sum_day")]

    def __str__(self) -> str:
        return f"{self.tenant_id}, {self.day:%Y-%m-%d}, {self.plan}"


class QuotaUse(TenantOwned):
    """How much of a quota a tenant uses: one row a period. Written by accounts/quota_counters.py.

    ``period`` is "day:2026-11-26", "month:2026-11" (both UTC; pages), "open" (jobs) or "storage"
    (bytes); "included:2026-11" counts pages that the base fee covers, "cost:2026-11" what the
    others cost, in millionths of the currency, "training:2026-11" seconds of training. Not negative
    as long as every change was counted: see jobs/reconciliation.py.
    """

    period = models.CharField(max_length=20)
    used = models.BigIntegerField(default=0)
    reserved = models.BigIntegerField(default=0, help_text="pages of jobs that have not ended")

    class Meta:
        ordering = ["-period"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "period"], name="one_quota_use_a_period")
        ]

    def __str__(self) -> str:
        return f"{self.tenant}, {self.period}"


class Reservation(TenantOwned):
    """What a job or training run that has not ended keeps of its tenant's quotas; gone at its end.

    Whoever deletes the row settles the job's account, so that it is settled once. The pages count
    to the day and month (UTC) of the submission, however late the job ends.
    """

    job_id = models.UUIDField(primary_key=True)
    run = models.PositiveIntegerField(default=0)
    engine = models.CharField(max_length=50)
    day = models.DateField()
    pages = models.PositiveIntegerField(help_text="1 until the document has been opened")
    cost = models.BigIntegerField(
        default=0, db_default=0, help_text="kept of a budget that stops, in millionths"
    )
    seconds = models.PositiveIntegerField(
        default=0, db_default=0, help_text="of training, kept for a run"
    )
    submitted_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-job_id"]

    def __str__(self) -> str:
        return f"{self.pages} pages for job {self.job_id}"


class ThresholdNotice(TenantOwned):
    """That a tenant was told of having used so much of a period's pages; once each."""

    period = models.CharField(max_length=20)
    percent = models.PositiveSmallIntegerField()
    used = models.BigIntegerField()
    limit = models.BigIntegerField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "period", "percent"], name="one_notice_a_threshold"
            )
        ]

    def __str__(self) -> str:
        return f"{self.percent} % of {self.period}"
