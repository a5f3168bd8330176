"""Organisations, who belongs to them, and who has left."""

from __future__ import annotations

from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from accounts.identifiers import uuid7
from accounts.models.keys import ApiKey
from accounts.models.people import LowerCaseEmailField, User
from accounts.models.plans import Plan
from accounts.permissions import Role
from accounts.tenancy import TenantOwned, TenantQuerySet


class WhenEngineAway(models.TextChoices):
    """What becomes of a job whose engine, on another machine, is out of order."""

    WAIT = "wait", "Jobs wait until it is back"
    FALL_BACK = "fall_back", "Pages are read by OCR"


class TextLayer(models.TextChoices):
    """What is made of a PDF's own text."""

    AUTO = "auto", "Used where it is sound"
    IGNORE = "ignore", "Ignored, the picture is read"
    ONLY = "only", "Nothing else is used, no OCR"


FEWEST_DPI, MOST_DPI = 72, 600


class Tenant(models.Model):
    """An organisation: everything else belongs to one."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=200)
    slug = models.SlugField(max_length=100, unique=True)
    is_active = models.BooleanField(
        default=True, help_text="Off: its members and keys are refused from the next request."
    )
    default_engine = models.CharField(
        max_length=50, blank=True, help_text="Empty: this installation's default engine."
    )
    plan = models.ForeignKey(
        Plan,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="tenants",
        help_text="Empty: this installation's defaults.",
    )
    retention_hours = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Files and results stay so long after a job's end, where the job does not say; "
        "0: until their first download. Empty: this installation's default. Never more than the "
        "plan's.",
    )
    require_second_factor = models.BooleanField(
        default=False, help_text="Members without one set it up before they get in."
    )
    when_engine_away = models.CharField(
        max_length=20,
        choices=WhenEngineAway.choices,
        default=WhenEngineAway.WAIT,
        db_default=WhenEngineAway.WAIT,
        help_text="What becomes of jobs whose engine, on another machine, is out of order.",
    )
    # With default_engine: what documents get that come without a wish (jobs/usual_options.py)
    default_text_layer = models.CharField(
        max_length=10, choices=TextLayer.choices, default=TextLayer.AUTO, db_default=TextLayer.AUTO
    )
    default_dpi = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="How finely PDF pages are rendered. Empty: 200."
    )
    default_strip_furniture = models.BooleanField(
        default=False, db_default=False, help_text="Headers, footers, page numbers are left out."
    )
    default_split = models.BooleanField(
        default=False, db_default=False, help_text="Stapled documents are told apart."
    )
    default_searchable_pdf = models.BooleanField(
        null=True, blank=True, help_text="Empty: made on pages, not through the API."
    )
    default_cache = models.BooleanField(
        default=True,
        db_default=True,
        help_text="A document that was read before gets that result.",
    )
    paused_at = models.DateTimeField(
        "work paused since",
        null=True,
        blank=True,
        editable=False,
        help_text="Its documents are accepted and wait meanwhile.",
    )
    pause_reason = models.CharField(
        max_length=300, blank=True, db_default="", editable=False, help_text="Its people read it."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = "organisation"
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(default_text_layer__in=TextLayer.values),
                name="default_text_layer_is_known",
            ),
            models.CheckConstraint(
                condition=models.Q(default_dpi=None)
                | models.Q(default_dpi__range=(FEWEST_DPI, MOST_DPI)),
                name="default_dpi_is_possible",
            ),
            models.CheckConstraint(
                condition=models.Q(when_engine_away__in=WhenEngineAway.values),
                name="when_engine_away_is_known",
            ),
        ]
        indexes = [
            models.Index(
                fields=["id"], condition=models.Q(paused_at__isnull=False), name="tenant_paused"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class MembershipQuerySet(TenantQuerySet["Membership"]):
    def active(self) -> Self:
        """Those that let somebody act now: person and tenant active. Loads both, and the plan."""
        return self.filter(user__is_active=True, tenant__is_active=True).select_related(
            "user", "tenant__plan"
        )


class Membership(TenantOwned):
    """A person's role in a tenant."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    steps_hidden_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="when they had enough of the first steps"
    )

    objects = MembershipQuerySet.as_manager()  # type: ignore[misc]  # narrows TenantOwned's

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "user"], name="one_membership_a_tenant"),
            models.CheckConstraint(
                condition=models.Q(role__in=Role.values), name="membership_role_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.tenant}: {self.role}"


class Invitation(TenantOwned):
    """An offer of membership to whoever holds its link; the link is kept only as a keyed hash."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = LowerCaseEmailField("e-mail address")
    role = models.CharField(max_length=20, choices=Role.choices)
    hash = models.CharField(max_length=64, unique=True)
    # Who stands for it, by account or key: it is good only as long as they may invite.
    invited_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    api_key = models.ForeignKey(
        ApiKey, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    sent_at = models.DateTimeField(help_text="when its newest link was made")
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "email"],
                condition=models.Q(accepted_at=None, revoked_at=None),
                name="one_open_invitation_an_address",
            ),
            models.CheckConstraint(
                condition=models.Q(role__in=Role.values), name="invitation_role_is_known"
            ),
        ]
        indexes = [models.Index(fields=["tenant", "-id"], name="invitation_newest")]

    def __str__(self) -> str:
        return f"{self.email} to {self.tenant}: {self.role}"


class Departure(models.Model):
    """An organisation that is being deleted, and how far that is. Written by jobs/departure.py.

    While the row is there and due, triggers of append-only tables let the organisation's rows go.
    It goes itself when all is done; what is left then is the receipt in the audit log.
    """

    # No foreign key: it outlives the organisation's row by a moment.
    tenant_id = models.UUIDField(primary_key=True, editable=False)
    name = models.CharField(max_length=200, help_text="of the organisation")
    requested_by = models.CharField(max_length=300, help_text="the actor's name at the time")
    owners = ArrayField(models.EmailField(), default=list, help_text="who are told")
    was_active = models.BooleanField(db_default=True, help_text="and is again if it is called off")
    requested_at = models.DateTimeField(default=timezone.now, editable=False)
    due_at = models.DateTimeField(help_text="nothing is removed before")
    step = models.CharField(max_length=20, help_text="what is to be done next")
    keeps_ledger = models.BooleanField(default=False, help_text="until its time has come, too")
    done_at = models.DateTimeField(null=True, blank=True, help_text="but for what is kept")
    removed = models.JSONField(default=dict, help_text="rows by table")
    files = models.PositiveBigIntegerField(default=0, help_text="removed")
    bytes = models.PositiveBigIntegerField(default=0, help_text="of them")
    documents = models.CharField(
        max_length=64, blank=True, help_text="SHA-256 over the documents' SHA-256, by their ids"
    )

    class Meta:
        ordering = ["requested_at"]

    def __str__(self) -> str:
        return self.name or str(self.tenant_id)
