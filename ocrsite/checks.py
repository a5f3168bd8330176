"""Configuration that parses but cannot work, found by `manage.py check` and at start."""

import re
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from accounts.audit_retention import MAX_DAYS, MIN_DAYS
from jobs import waking
from jobs.download_audit import DOWNLOADS
from jobs.netguard import Allowed
from jobs.retention import MAX_HOURS
from ocrsite.database.roles import unbound

SECRET_LENGTH = 32  # at least
URL = re.compile(r"https?://[A-Za-z0-9.\-_\[\]:]+/?")


@register()
def check_configuration(**kwargs: Any) -> list[CheckMessage]:
    """One message a mistake, each saying what to set."""
    found: list[CheckMessage] = []
    if not settings.SECRET_KEY_GIVEN and not settings.DEBUG:
        found.append(
            Error(
                "SECRET_KEY is not set.",
                hint="Set SECRET_KEY to 50 or more random characters, the same in every process.",
                id="ocrsite.E001",
            )
        )
    secrets = {
        "SECRET_KEY_FALLBACKS": settings.SECRET_KEY_FALLBACKS,
        "API_KEY_PEPPER": [settings.API_KEY_PEPPER] if settings.API_KEY_PEPPER else [],
        "API_KEY_PEPPER_FALLBACKS": settings.API_KEY_PEPPER_FALLBACKS,
    }
    found.extend(
        Error(
            f"{name} holds a secret of fewer than {SECRET_LENGTH} characters.",
            hint="Random ones, with single commas between; an empty one would let anybody in.",
            id="ocrsite.E018",
        )
        for name, given in secrets.items()
        if any(len(secret) < SECRET_LENGTH for secret in given)
    )
    if settings.HEARTBEAT_SECONDS * 3 > settings.LEASE_SECONDS:
        found.append(
            Error(
                "LEASE_SECONDS must be at least three times HEARTBEAT_SECONDS.",
                hint="A worker that misses one heartbeat would be taken for dead.",
                id="ocrsite.E003",
            )
        )
    found.extend(
        Error(f"The limit {field.name} must be above 0.", id="ocrsite.E004")
        for field in fields(settings.LIMITS)
        if getattr(settings.LIMITS, field.name) <= 0
    )
    if not 0 <= settings.REVIEW_THRESHOLD <= 1 or settings.REVIEW_CLAIM_SECONDS < 1:
        found.append(
            Error(
                "REVIEW_THRESHOLD or REVIEW_CLAIM_SECONDS is out of range.",
                hint="A confidence from 0 to 1, and at least one second.",
                id="ocrsite.E005",
            )
        )
    if min(settings.MAX_BATCH_FILES, settings.MAX_BATCH_BYTES, settings.UNPACK_SECONDS) <= 0:
        found.append(
            Error(
                "MAX_BATCH_FILES, MAX_BATCH_BYTES and UNPACK_SECONDS must be above 0.",
                id="ocrsite.E010",
            )
        )
    if settings.BATCH_FETCH_SECONDS <= 0 or not 1 <= settings.BATCH_FETCH_THREADS <= 64:
        found.append(
            Error(
                "BATCH_FETCH_SECONDS or BATCH_FETCH_THREADS is out of range.",
                hint="Seconds above 0, and 1 to 64 threads.",
                id="ocrsite.E056",
            )
        )
    for group, rates in settings.RATES.items():
        name = f"RATE_{group.upper()}"
        if not (1 <= rates.minute <= rates.hour <= rates.day and rates.burst >= 1):
            found.append(
                Error(
                    f"{name} is {','.join(map(str, rates.numbers))}.",
                    hint="Calls in a minute, an hour, a day and at one moment: from 1, and no "
                    "fewer in the longer spans.",
                    id="ocrsite.E006",
                )
            )
    if not 0 < settings.RATE_KEY_SHARE <= 1:
        found.append(
            Error(
                "RATE_KEY_SHARE is out of range.",
                hint="The part of its organisation's calls that one key may use: above 0, up to 1.",
                id="ocrsite.E007",
            )
        )
    if min(settings.MAX_LISTENERS, settings.LISTEN_SECONDS) < 1 or not (
        0.05 <= settings.LISTEN_TICK_SECONDS <= 10
    ):
        found.append(
            Error(
                "MAX_LISTENERS, LISTEN_SECONDS or LISTEN_TICK_SECONDS is out of range.",
                hint="At least one each; the tick from 0.05 to 10 seconds.",
                id="ocrsite.E008",
            )
        )
    for name in ("WEBHOOK_ALLOWED_HOSTS", "FETCH_ALLOWED_HOSTS"):
        try:
            Allowed.reading(getattr(settings, name))
        except ValueError as error:
            found.append(
                Error(
                    f"{name}: {error}",
                    hint="Host names, addresses and networks, with commas between.",
                    id="ocrsite.E009",
                )
            )
    try:
        waking.sleepers(settings.WAKE_WORKERS)
    except ValueError as error:
        hint = "As cpu=https://api.example.com/machines/1/start, with commas between."
        found.append(Error(f"WAKE_WORKERS: {error}.", hint=hint, id="ocrsite.E045"))
    if settings.RESULT_CACHE_SECONDS < 0 or settings.IDEMPOTENCY_SECONDS < 1:
        found.append(
            Error(
                "RESULT_CACHE_SECONDS or IDEMPOTENCY_SECONDS is out of range.",
                hint="0 or more seconds, and at least one second.",
                id="ocrsite.E011",
            )
        )
    quotas = ("PAGES_PER_DAY", "PAGES_PER_MONTH", "STORAGE_BYTES", "OPEN_JOBS")
    for name in (*quotas, "TRAINING_SECONDS_PER_MONTH"):
        quota = getattr(settings, f"QUOTA_{name}")
        if quota is not None and quota < 0:
            hint = "Leave it empty for no limit."
            found.append(Error(f"QUOTA_{name} is below 0.", hint=hint, id="ocrsite.E012"))
    training = ("MAX_SECONDS", "MOST_EXAMPLES", "MOST_CHARACTERS")
    if (
        min(getattr(settings, f"TRAINING_{name}") for name in training) < 1
        or settings.TRAINING_KEEP_SECONDS < 0
    ):
        names = ", ".join(f"TRAINING_{name}" for name in training)
        found.append(
            Error(
                f"{names} or TRAINING_KEEP_SECONDS is out of range.",
                hint="At least 1 each, and 0 or more seconds.",
                id="ocrsite.E040",
            )
        )
    if not 1 <= settings.INVITATION_HOURS <= 24 * 365:
        hint = "1 hour to a year."
        found.append(Error("INVITATION_HOURS is out of range.", hint=hint, id="ocrsite.E030"))
    found.extend(_signing_in())
    found.extend(_storage())
    if (
        not 0 <= (settings.RETENTION_HOURS or 0) <= MAX_HOURS
        or min(settings.UNFETCHED_HOURS, settings.RETENTION_SWEEP_SECONDS) < 1
        or settings.ORPHAN_SWEEP_HOURS < 0
    ):
        found.append(
            Error(
                "RETENTION_HOURS, UNFETCHED_HOURS, RETENTION_SWEEP_SECONDS or ORPHAN_SWEEP_HOURS "
                "is out of range.",
                hint=f"0 to {MAX_HOURS} or empty; at least 1; at least 1; 0 or more.",
                id="ocrsite.E016",
            )
        )
    probe = settings.SITE_PROBE_URL
    if settings.CALL_SUM_SECONDS < 0 or (probe and not probe.startswith(("http://", "https://"))):
        found.append(
            Error(
                "CALL_SUM_SECONDS or SITE_PROBE_URL cannot be used.",
                hint='0 or more; an http or https address, "off", or empty.',
                id="ocrsite.E055",
            )
        )
    if not 0 <= settings.TENANT_DELETION_DAYS <= 90 or not 0 <= settings.TENANT_LEDGER_YEARS <= 30:
        found.append(
            Error(
                "TENANT_DELETION_DAYS or TENANT_LEDGER_YEARS is out of range.",
                hint="0 to 90 days, 0 to 30 years.",
                id="ocrsite.E021",
            )
        )
    days = settings.AUDIT_RETENTION_DAYS
    if (days is not None and not MIN_DAYS <= days <= MAX_DAYS) or (
        settings.AUDIT_DOWNLOADS not in DOWNLOADS
    ):
        found.append(
            Error(
                "AUDIT_RETENTION_DAYS or AUDIT_DOWNLOADS is out of range.",
                hint=f"{MIN_DAYS} days to {MAX_DAYS}, or empty; {', '.join(DOWNLOADS)}.",
                id="ocrsite.E020",
            )
        )
    return found


def _signing_in() -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if (
        not 1 <= settings.LOGIN_FAILURES <= settings.LOGIN_ADDRESS_FAILURES
        or min(settings.LOGIN_LOCKOUT_SECONDS, settings.PASSWORD_RESET_TIMEOUT) < 1
    ):
        found.append(
            Error(
                "LOGIN_FAILURES, LOGIN_ADDRESS_FAILURES, LOGIN_LOCKOUT_SECONDS or "
                "PASSWORD_RESET_SECONDS is out of range.",
                hint="At least 1 each, and no fewer failures of an address than of a person.",
                id="ocrsite.E017",
            )
        )
    if bool(settings.OIDC_ISSUER) != bool(settings.OIDC_CLIENT_ID):
        hint = "Set both, or neither for a site without single sign-on."
        found.append(
            Error("Of OIDC_ISSUER and OIDC_CLIENT_ID one is set.", hint=hint, id="ocrsite.E022")
        )
    local = re.match(r"http://(localhost|127\.0\.0\.1|\[::1\])[:/]", f"{settings.OIDC_ISSUER}/")
    if settings.OIDC_ISSUER and not settings.OIDC_ISSUER.startswith("https://") and not local:
        hint = "Who signs in, and the client's secret, must not be readable on the way."
        found.append(Error("OIDC_ISSUER is not https.", hint=hint, id="ocrsite.E019"))
    return found


@register(Tags.database)
def check_role(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """With ``check --database default``: a role that the policies of the tables do not bind."""
    if not databases or not (reasons := unbound()):
        return []
    return [
        Warning(
            f"The application's database role {', '.join(reasons)}.",
            hint="Organisations are kept apart by the application alone. Give it a role of its "
            "own: docs/deployment.md, Two roles.",
            id="ocrsite.W002",
        )
    ]


def _storage() -> list[CheckMessage]:
    found: list[CheckMessage] = []
    options = settings.STORAGES["default"].get("OPTIONS", {})
    for name in ("endpoint_url", "public_url"):
        if (url := options.get(name)) and not URL.fullmatch(url):
            hint = "The server's address alone: https://s3.example.com, without the bucket."
            found.append(Error(f"S3_{name.upper()} is {url!r}.", hint=hint, id="ocrsite.E013"))
    if bool(options.get("access_key")) != bool(options.get("secret_key")):
        hint = "Set both, or neither where the machine has a role."
        found.append(
            Error("Of S3_ACCESS_KEY and S3_SECRET_KEY one is set.", hint=hint, id="ocrsite.E014")
        )
    if (
        options.get("addressing_style", "") not in ("", "path", "virtual")
        or min(options.get("connect_seconds", 1), options.get("read_seconds", 1)) <= 0
        or not 1 <= settings.LINK_SECONDS <= 3600
    ):
        found.append(
            Error(
                "S3_ADDRESSING_STYLE, S3_CONNECT_SECONDS, S3_READ_SECONDS or LINK_SECONDS is out "
                "of range.",
                hint="path or virtual; above 0 seconds; links for 1 to 3600 seconds.",
                id="ocrsite.E015",
            )
        )
    return found
