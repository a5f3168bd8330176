"""Configuration that parses but cannot work, found by `manage.py check` and at start."""

from dataclasses import fields
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from extraction.engines import ENGINES
from jobs.netguard import Allowed


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
    if settings.DEFAULT_ENGINE not in ENGINES:
        found.append(
            Error(
                f"DEFAULT_ENGINE is {settings.DEFAULT_ENGINE!r}.",
                hint=f"Choose one of: {', '.join(ENGINES)}.",
                id="ocrsite.E002",
            )
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
                id="ocrsite.E013",
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
    if settings.RESULT_CACHE_SECONDS < 0 or settings.IDEMPOTENCY_SECONDS < 1:
        found.append(
            Error(
                "RESULT_CACHE_SECONDS or IDEMPOTENCY_SECONDS is out of range.",
                hint="0 or more seconds, and at least one second.",
                id="ocrsite.E011",
            )
        )
    for name in ("PAGES_PER_DAY", "PAGES_PER_MONTH", "STORAGE_BYTES", "OPEN_JOBS"):
        quota = getattr(settings, f"QUOTA_{name}")
        if quota is not None and quota < 0:
            hint = "Leave it empty for no limit."
            found.append(Error(f"QUOTA_{name} is below 0.", hint=hint, id="ocrsite.E012"))
    return found
