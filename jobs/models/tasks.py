"""What is left to do of the jobs: the queue, and what operators say to those who work on it.

Rows of tasks go when they are done, so the table stays small. Written by jobs/queue.py,
jobs/claims.py and jobs/lifecycle.py; pauses by jobs/pauses.py, drains by jobs/draining.py.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from accounts.identifiers import uuid7
from accounts.models import Tenant
from accounts.tenancy import TenantOwned
from jobs.models.jobs import Job, Priority


class Task(TenantOwned):
    """A part of a job's work, for one worker at a time.

    ``attempt`` fences every write of a worker: one that was taken for dead and wakes up later
    carries an old number and can change nothing. ``lease_until`` is renewed by the worker's
    heartbeat, on the database's clock.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="tasks")
    pool = models.CharField(max_length=10, help_text="the kind of worker it is for")
    priority = models.PositiveSmallIntegerField(choices=Priority.choices, default=Priority.NORMAL)
    numbers = ArrayField(
        models.PositiveIntegerField(),
        null=True,
        help_text="pages to read; null: all, not known yet; empty: the result alone is to be made",
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    attempt = models.PositiveIntegerField(default=0)
    retries = models.PositiveIntegerField(default=0, help_text="after passing faults")
    crashes = models.PositiveIntegerField(
        default=0, help_text="workers that died on it since the last page it finished"
    )
    worker = models.CharField(max_length=100, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(db_default=Now(), help_text="not to be begun before")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    taken_at = models.DateTimeField(null=True, blank=True, help_text="by its present worker")
    tokens = models.JSONField(
        null=True,
        blank=True,
        help_text="how many a model has written for each page that it is at, by number",
    )

    class Meta:
        indexes = [
            models.Index(
                fields=["pool", "tenant", "priority", "id"],
                condition=models.Q(state="waiting"),
                name="task_waiting",
            ),
            models.Index(
                fields=["pool", "tenant", "lease_until"],
                condition=models.Q(state="running"),
                name="task_running",
            ),
        ]

    def __str__(self) -> str:
        return f"task of {self.job_id}"


class Turn(models.Model):
    """When an organisation's work was last begun in a pool: those who waited longest are next."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    pool = models.CharField(max_length=10)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "pool"], name="one_turn_a_pool")]

    def __str__(self) -> str:
        return f"{self.tenant_id} in {self.pool}"


class Pause(models.Model):
    """A pool whose workers take no new task: an operator holds it back."""

    pool = models.CharField(primary_key=True, max_length=10)
    reason = models.CharField(max_length=300, blank=True, help_text="shown to everybody")
    paused_by = models.CharField(max_length=300, help_text="the operator's name at the time")
    since = models.DateTimeField(db_default=Now(), editable=False)

    def __str__(self) -> str:
        return self.pool


class Drain(models.Model):
    """A worker that has been asked to finish what it does and to end."""

    worker = models.CharField(
        primary_key=True, max_length=100, help_text="host and process id, as in its tasks"
    )
    asked_by = models.CharField(max_length=300, help_text="the operator's name at the time")
    at = models.DateTimeField(db_default=Now(), editable=False)

    def __str__(self) -> str:
        return self.worker
