"""Who is told of events, and every telling with its attempts. Secrets are sealed."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.identifiers import uuid7
from accounts.tenancy import TenantOwned
from jobs.models.jobs import Job


class Signing(models.Model):
    """A secret that deliveries are signed with, and while it is being rotated the one before."""

    sealed_secret = models.TextField(help_text="encrypted whsec_...")
    sealed_old_secret = models.TextField(blank=True)
    old_secret_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def rotating(self) -> bool:
        """Whether the secret before is used too."""
        return self.old_secret_until is not None and self.old_secret_until > timezone.now()


class Webhook(Signing, TenantOwned):
    """A URL of a tenant that is told of the events it has chosen."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    url = models.CharField(max_length=2000)
    events = ArrayField(models.CharField(max_length=50))
    active = models.BooleanField(default=True)
    disabled_reason = models.CharField(max_length=200, blank=True, help_text="if not by a person")
    failing_since = models.DateTimeField(
        null=True, blank=True, help_text="the first failure with no success since"
    )
    paused_until = models.DateTimeField(null=True, blank=True, help_text="by its Retry-After")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        indexes = [
            models.Index(fields=["tenant"], condition=Q(active=True), name="webhook_listening")
        ]

    def __str__(self) -> str:
        return str(self.id)


class CallbackSecret(Signing, TenantOwned):
    """What a tenant's deliveries to jobs' own callback URLs are signed with."""

    tenant = models.OneToOneField(
        "accounts.Tenant", primary_key=True, on_delete=models.CASCADE, related_name="+"
    )

    def __str__(self) -> str:
        return f"callback secret of {self.tenant_id}"


class JobCallback(models.Model):
    """The URL that is told of one job's end."""

    job = models.OneToOneField(
        Job, primary_key=True, on_delete=models.CASCADE, related_name="callback"
    )
    url = models.CharField(max_length=2000)

    def __str__(self) -> str:
        return f"callback of {self.job_id}"


class Delivery(TenantOwned):
    """One event on its way to one URL, written in the transaction in which it happened.

    ``claim`` counts how often a sender has taken it, and fences what that sender writes. ``tries``
    are the attempts of the present round: a replay begins again at 0.
    """

    class Status(models.TextChoices):
        PENDING = "pending"
        DELIVERED = "delivered"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    webhook = models.ForeignKey(
        Webhook,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="deliveries",
        help_text="empty for a job's callback",
    )
    url = models.CharField(max_length=2000, blank=True, help_text="a callback's")
    endpoint = models.UUIDField(help_text="what is sent to one at a time: webhook, callback host")
    message = models.CharField(max_length=50, help_text="webhook-id, the same at every attempt")
    event = models.CharField(max_length=50)
    body = models.TextField(help_text="as signed")
    traceparent = models.CharField(  # noqa: DJ001 - null in the rows of processes without it
        max_length=55, null=True, editable=False, help_text="the span in which it happened"
    )
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    tries = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)
    claim = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=200, blank=True, help_text="of the last attempt")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "deliveries"
        indexes = [
            models.Index(fields=["tenant", "-id"], name="delivery_newest"),
            models.Index(fields=["webhook", "-id"], name="delivery_of_webhook"),
            models.Index(fields=["status"], name="delivery_outcome"),
            models.Index(
                fields=["endpoint", "due_at"], condition=Q(status="pending"), name="delivery_due"
            ),
            models.Index(
                fields=["endpoint"],
                condition=Q(lease_until__isnull=False),
                name="delivery_under_way",
            ),
            models.Index(
                fields=["ended_at"], condition=Q(ended_at__isnull=False), name="delivery_ended"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.message}"


class DeliveryAttempt(models.Model):
    """One request of a delivery, and what came back."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveIntegerField(help_text="from 1, replays counted on")
    at = models.DateTimeField(help_text="its end")
    seconds = models.FloatField()
    code = models.PositiveIntegerField(null=True, blank=True, help_text="HTTP status")
    answer = models.TextField(blank=True, help_text="the first 1,024 bytes of the body")
    error = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["delivery", "number"], name="one_attempt_a_number")
        ]

    def __str__(self) -> str:
        return f"attempt {self.number} of {self.delivery_id}"
