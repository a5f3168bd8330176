"""Tenants, the people and keys that act for them, what they use, and the records that only grow."""

import hashlib
from typing import Any, ClassVar, Self
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.contrib.sessions.base_session import AbstractBaseSession
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone

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


class ApiKey(TenantOwned):
    """A tenant's key; its text is shown once and kept only as prefix and keyed hash."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12, unique=True)
    hash = models.CharField(max_length=64)
    scopes = ArrayField(models.CharField(max_length=50))
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = "API key"
        verbose_name_plural = "API keys"
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["tenant", "-created_at"], name="apikey_newest")]

    def __str__(self) -> str:
        return f"key {self.prefix} ({self.name})"

    @property
    def is_live(self) -> bool:
        """Neither revoked nor expired."""
        expired = self.expires_at is not None and self.expires_at <= timezone.now()
        return self.revoked_at is None and not expired


class AuditEntry(models.Model):
    """Who did what to which object, from where. Rows are added, never changed."""

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

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "audit entries"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["tenant", "-id"], name="audit_newest"),
            models.Index(fields=["object_type", "object_id"], name="audit_object"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.actor}: {self.action}"


class UsageRecord(TenantOwned):
    """What one run of a job used, for billing: run 0, and one more each time it was tried again.

    Rows are added, never changed: triggers of the database refuse UPDATE, DELETE and TRUNCATE.
    """

    # A tenant that has used something is switched off, not deleted: its bill stands.
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    job_id = models.UUIDField()
    run = models.PositiveIntegerField(default=0)
    engine = models.CharField(max_length=50)
    pages = models.PositiveIntegerField(help_text="read in this run; failed ones are free")
    compute_seconds = models.FloatField()
    outcome = models.CharField(max_length=10, blank=True, help_text="the status it ended with")
    cached = models.BooleanField(default=False, help_text="had another job's result: free")
    day = models.DateField(
        null=True, blank=True, help_text="whose quota the pages count to (UTC); empty: none's"
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
        ]

    def __str__(self) -> str:
        return f"{self.pages} pages of job {self.job_id}"


class QuotaUse(TenantOwned):
    """How much of a quota a tenant uses: one row a period. Written by accounts/quotas.py alone.

    ``period`` is "day:2026-11-26", "month:2026-11" (both UTC; pages), "open" (jobs) or "storage"
    (bytes). Not negative as long as every change was counted: see jobs/reconciliation.py.
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
