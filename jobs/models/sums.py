"""What an organisation's jobs add up to, for its pages about usage, and when the site answered."""

from django.db import models

from accounts.tenancy import TenantOwned
from jobs.models.jobs import Priority


class JobSum(TenantOwned):
    """Ends of jobs by day, engine, template and the time they took, added up.

    A row for each that occurs. A trigger of the database adds each row of the usage ledger as its
    transaction commits, so that the sums are those of the ledger whatever is killed; the job tells
    its template, and whether a person must look at it. They stay when jobs go.
    """

    day = models.DateField(help_text="of the submission, as the ledger has it (UTC)")
    engine = models.CharField(max_length=50)
    template = models.CharField(max_length=80, blank=True, help_text="without its version")
    took = models.PositiveSmallIntegerField(
        help_text="from submission to end, the number of a step of jobs.job_sums; 0: not counted"
    )
    ends = models.PositiveIntegerField(help_text="of runs: a job tried again has several")
    documents = models.PositiveIntegerField(help_text="ends of first runs")
    pages = models.PositiveBigIntegerField(help_text="that were read")
    failed = models.PositiveIntegerField(help_text="ends")
    cancelled = models.PositiveIntegerField(help_text="ends")
    cached = models.PositiveIntegerField(help_text="ends with another job's result")
    reviews = models.PositiveIntegerField(help_text="ends that a person must look at")

    class Meta:
        ordering = ["-day", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "day", "engine", "template", "took"], name="one_job_sum"
            )
        ]

    def __str__(self) -> str:
        return f"{self.tenant_id}, {self.day:%Y-%m-%d}, {self.engine}, {self.template}"


class ServiceSum(TenantOwned):
    """Ends of jobs by day, plan, priority and the time they took, and how many were late.

    A trigger of the database adds each row of the usage ledger as its transaction commits, as
    those of `JobSum`, so that they are exact whatever is killed. Jobs that were cancelled, and
    those that had another one's result, are not counted. One that failed by our fault has no time
    and is late. What ``promised`` jobs may miss is ``allowed``: each adds what the objective that
    holds at its end leaves (0.05 of a job, of 95 %).
    """

    day = models.DateField(help_text="of the submission, as the ledger has it (UTC)")
    plan = models.CharField(max_length=50, blank=True, help_text="its name then; empty: none")
    priority = models.PositiveSmallIntegerField(choices=Priority.choices)
    took = models.PositiveSmallIntegerField(
        help_text="from submission to end, the number of a step of jobs.job_sums; 0: not timed"
    )
    jobs = models.PositiveIntegerField()
    failed = models.PositiveIntegerField(help_text="by our fault")
    promised = models.PositiveIntegerField(help_text="of them, with an objective")
    missed = models.PositiveIntegerField(help_text="of the promised ones, late or failed by us")
    allowed = models.DecimalField(max_digits=20, decimal_places=6)

    class Meta:
        ordering = ["-day", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "day", "plan", "priority", "took"], name="one_service_sum"
            )
        ]
        indexes = [models.Index(fields=["day"], name="service_sum_day")]

    def __str__(self) -> str:
        return f"{self.tenant_id}, {self.day:%Y-%m-%d}, {self.plan}, {self.priority}"


class SiteAnswer(models.Model):
    """Whether the site answered in a minute, as the sweeper asked it (jobs/site_probe.py)."""

    minute = models.DateTimeField(primary_key=True)
    answered = models.BooleanField(help_text="to any sweeper that asked")

    class Meta:
        ordering = ["-minute"]

    def __str__(self) -> str:
        return f"{self.minute:%Y-%m-%d %H:%M}: {'answered' if self.answered else 'no answer'}"
