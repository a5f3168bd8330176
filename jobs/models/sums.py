"""What an organisation's jobs add up to, for its pages about usage."""

from django.db import models

from accounts.tenancy import TenantOwned


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
