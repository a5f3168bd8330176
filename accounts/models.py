"""Tenants, the people and keys that act for them, what they use, and the records that only grow."""

import hashlib
from typing import Any, ClassVar, Self
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.contrib.sessions.base_session import AbstractBaseSession
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from accounts.billing_models import (  # noqa: F401  # they are this app's too
    BillingDetails,
    Budget,
    ClosedUsage,
    Closing,
    Credit,
    CreditUse,
    Invoice,
    NumberSeries,
    PlanPrice,
    PlanTerms,
    Subscription,
    UsageSum,
)
from accounts.identifiers import uuid7
from accounts.permissions import Role
from accounts.tenancy import TenantOwned, TenantQuerySet


class LowerCaseEmailField(models.EmailField):
    """An e-mail address kept and looked up in lower case, so that ``unique`` ignores case."""

    def to_python(self, value: Any) -> Any:
        value = super().to_python(value)
        return value.lower() if isinstance(value, str) else value

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return value.lower() if isinstance(value, str) else value


class UserManager(BaseUserManager["User"]):
    """Makes people, with their password hashed."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A new person; without a password nobody can sign in as them.

        Raises ValueError for an empty address, IntegrityError for one already taken.
        """
        if not email:
            raise ValueError("A user needs an e-mail address.")
        user = self.model(email=email.lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A new operator, who may do everything in the admin."""
        return self.create_user(email, password, **fields, is_staff=True, is_superuser=True)


class User(AbstractBaseUser, PermissionsMixin):
    """A person, who signs in by e-mail address and may belong to several tenants."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = LowerCaseEmailField("e-mail address", unique=True)
    name = models.CharField(max_length=200, blank=True)
    is_active = models.BooleanField(
        default=True, help_text="Switch off instead of deleting; holds from the next request."
    )
    is_staff = models.BooleanField("operator", default=False, help_text="May use this admin.")
    date_joined = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        ordering = ["email"]

    def __str__(self) -> str:
        return self.email

    def get_full_name(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return self.name or self.email


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

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.title


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
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]

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


KEY_STATES = ("live", "expired", "revoked")


class Session(AbstractBaseSession):
    """A browser's session, with whose it is; written by accounts/sessions.py alone."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="+")
    user_agent = models.CharField(max_length=300, blank=True)
    address = models.GenericIPAddressField(null=True, blank=True)
    signed_in_at = models.DateTimeField(null=True, blank=True)
    last_seen_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"session {self.public_id}"

    @property
    def public_id(self) -> UUID:
        """Names the session where its key, with which one could act in it, must not be seen."""
        return UUID(bytes=hashlib.sha256(self.session_key.encode()).digest()[:16])

    @classmethod
    def get_session_store_class(cls) -> Any:
        from accounts.sessions import SessionStore

        return SessionStore


class TokenFamily(models.Model):
    """A sign-in by the API and the tokens that follow from it; see accounts/tokens.py."""

    id = models.UUIDField(primary_key=True, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    user_agent = models.CharField(max_length=300, blank=True)
    address = models.GenericIPAddressField(null=True, blank=True)
    signed_in_at = models.DateTimeField(default=timezone.now, editable=False)
    last_seen_at = models.DateTimeField(default=timezone.now, help_text="its last new tokens")
    expires_at = models.DateTimeField(help_text="of its newest refresh token")
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "token families"
        ordering = ["-signed_in_at"]

    def __str__(self) -> str:
        return f"API sign-in {self.id}"


class ApiKeyQuerySet(TenantQuerySet["ApiKey"]):
    def live(self) -> Self:
        """Those neither revoked nor expired; of an organisation that may be switched off."""
        valid = models.Q(expires_at=None) | models.Q(expires_at__gt=Now())
        return self.filter(valid, revoked_at=None)

    def expired(self) -> Self:
        """Those that have expired without having been revoked."""
        return self.filter(expires_at__lte=Now(), revoked_at=None)

    def ended(self) -> Self:
        """All that are not live."""
        return self.filter(models.Q(expires_at__lte=Now()) | ~models.Q(revoked_at=None))


class ApiKey(TenantOwned):
    """A tenant's key; its text is shown once and kept only as prefix and keyed hash.

    After a rotation the text before opens it too, until ``old_until``.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12, unique=True)
    hash = models.CharField(max_length=64)
    pepper = models.CharField(
        max_length=8, blank=True, help_text="names what it is hashed under; empty: not known yet"
    )
    scopes = ArrayField(models.CharField(max_length=50))
    networks = ArrayField(
        models.CharField(max_length=43),
        default=list,
        db_default=[],
        blank=True,
        help_text="It is refused from elsewhere; empty: it may be used from anywhere.",
    )
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    last_used_from = models.GenericIPAddressField(null=True, blank=True)
    refused_at = models.DateTimeField(
        null=True, blank=True, help_text="When it last came from outside its networks."
    )
    refused_from = models.GenericIPAddressField(null=True, blank=True)
    old_prefix = models.CharField(max_length=12, unique=True, null=True, blank=True)
    old_hash = models.CharField(max_length=64, blank=True, default="", db_default="")
    old_until = models.DateTimeField(null=True, blank=True)
    old_used_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ApiKeyQuerySet.as_manager()  # type: ignore[misc]  # narrows TenantOwned's

    class Meta:
        verbose_name = "API key"
        verbose_name_plural = "API keys"
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["tenant", "-created_at"], name="apikey_newest")]

    def __str__(self) -> str:
        return f"key {self.prefix} ({self.name})"

    @property
    def status(self) -> str:
        """One of `KEY_STATES`."""
        if self.revoked_at is not None:
            return "revoked"
        expired = self.expires_at is not None and self.expires_at <= timezone.now()
        return "expired" if expired else "live"

    @property
    def is_live(self) -> bool:
        """Neither revoked nor expired."""
        return self.status == "live"

    @property
    def rotating(self) -> bool:
        """Whether the text before the last rotation still opens it."""
        return self.is_live and self.old_until is not None and self.old_until > timezone.now()


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


class AuditEntry(models.Model):
    """Who did what to which object, from where.

    Rows are added, never changed: triggers of the database refuse UPDATE, DELETE and TRUNCATE. What
    accounts/audit_retention.py takes out goes through the one function that they let pass.
    """

    at = models.DateTimeField(default=timezone.now, editable=False)
    # History outlives what it speaks of: deleting a person or a key leaves the row as it is.
    tenant = models.ForeignKey(
        Tenant, models.DO_NOTHING, null=True, blank=True, related_name="+", db_constraint=False
    )
    user = models.ForeignKey(
        User, models.DO_NOTHING, null=True, blank=True, related_name="+", db_constraint=False
    )
    api_key = models.ForeignKey(
        ApiKey, models.DO_NOTHING, null=True, blank=True, related_name="+", db_constraint=False
    )
    actor = models.CharField(max_length=300, help_text="The actor's name at the time.")
    action = models.CharField(max_length=50)
    object_type = models.CharField(max_length=100, blank=True)
    object_id = models.CharField(max_length=100, blank=True)
    address = models.GenericIPAddressField(null=True, blank=True)
    before = models.JSONField(null=True, blank=True, encoder=DjangoJSONEncoder)
    after = models.JSONField(null=True, blank=True, encoder=DjangoJSONEncoder)
    # null, not "": processes of the version before write rows without it during an upgrade
    request_id = models.CharField(  # noqa: DJ001
        max_length=64, null=True, blank=True, help_text="As in the answer's X-Request-ID."
    )

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "audit entries"
        ordering = ["-id"]
        indexes = [  # one for each way of looking for entries: accounts/audit_log.py
            models.Index(fields=["tenant", "-at", "-id"], name="audit_newest"),
            models.Index(fields=["object_id", "-id"], name="audit_object"),
            models.Index(fields=["action", "tenant", "-at"], name="audit_action"),
            models.Index(fields=["address", "tenant", "-at"], name="audit_address"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.actor}: {self.action}"


class AuditSeal(models.Model):
    """One link of the chain over the audit log, written by accounts/audit_seals.py alone.

    Numbered without gaps from 1. ``digest`` is the SHA-256 of the entry, ``hash`` that of the hash
    before it and the digest. Kept when its entry is taken out; never changed either.
    """

    number = models.BigIntegerField(primary_key=True)
    entry_id = models.BigIntegerField(unique=True)
    digest = models.BinaryField(max_length=32)
    hash = models.BinaryField(max_length=32)

    class Meta:
        ordering = ["-number"]

    def __str__(self) -> str:
        return f"seal {self.number}"


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


class QuotaUse(TenantOwned):
    """How much of a quota a tenant uses: one row a period. Written by accounts/quota_counters.py.

    ``period`` is "day:2026-11-26", "month:2026-11" (both UTC; pages), "open" (jobs) or "storage"
    (bytes); "included:2026-11" counts pages that the base fee covers, "cost:2026-11" what the
    others cost, in millionths of the currency. Not negative as long as every change was counted:
    see jobs/reconciliation.py.
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
    """What a job that has not ended keeps of its tenant's quotas; gone when it ends.

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
