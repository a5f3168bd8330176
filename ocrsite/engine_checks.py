"""Engines set up so that they cannot work, found by `manage.py check` and at start."""

from typing import Any, get_args

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from extraction import engines, syscall_filter
from extraction.engines import ENGINES
from extraction.engines.configuration import Quantisation
from extraction.engines.openai.connection import Address
from extraction.weights import weights_of

MAX_BATCH_SECONDS = 10.0


@register()
def check_engines(**kwargs: Any) -> list[CheckMessage]:
    """One message a mistake, each saying what to set."""
    found = [*_vision(), *_hybrid(), *_remote_engines()]
    if settings.DEFAULT_ENGINE not in ENGINES:
        hint = f"Choose one of: {', '.join(ENGINES)}."
        wrong = f"DEFAULT_ENGINE is {settings.DEFAULT_ENGINE!r}."
        found.append(Error(wrong, hint=hint, id="ocrsite.E002"))
    return found


@register(Tags.security, deploy=True)
def check_decoders(**kwargs: Any) -> list[CheckMessage]:
    """Whether this machine cuts decoders off; with ``--deploy``."""
    if syscall_filter.works():
        return []
    return [
        Warning(
            "This system filters no system calls: decoders of documents keep more rights than due.",
            hint="Linux on x86-64 or arm64, and a container runtime that lets seccomp filters be "
            "set (Docker and Kubernetes do). Silence ocrsite.W001 where no worker runs here.",
            id="ocrsite.W001",
        )
    ]


@register(Tags.security, deploy=True)
def check_weights(**kwargs: Any) -> list[CheckMessage]:
    """Whether the models that are set up have their weights here; with ``--deploy``."""
    return [
        Warning(
            f"Jobs for {model.name} will fail: {found.problem}.",
            hint="Silence ocrsite.W003 where no worker of the pool gpu runs here.",
            id="ocrsite.W003",
        )
        for model in settings.VISION_MODELS
        if not (found := weights_of(model, engines.configured())).there
    ]


def _hybrid() -> list[CheckMessage]:
    name = settings.HYBRID_OF
    if not name or engines.HYBRID in ENGINES:
        return []
    written = [row.name for row in ENGINES.values() if not row.boxes]
    hint = f"Choose one of: {', '.join(written)}." if written else "No model is set up."
    return [Error(f"HYBRID_OF is {name!r}.", hint=hint, id="ocrsite.E035")]


def _vision() -> list[CheckMessage]:
    if (
        settings.VISION_QUANTISATION in get_args(Quantisation)
        and settings.VISION_MEMORY_MB >= 0
        and 0 <= settings.VISION_BATCH_SECONDS <= MAX_BATCH_SECONDS
    ):
        return []
    return [
        Error(
            "VISION_QUANTISATION, VISION_MEMORY_MB or VISION_BATCH_SECONDS is out of range.",
            hint=f"{', '.join(get_args(Quantisation))}; 0 or more; 0 to {MAX_BATCH_SECONDS:g}.",
            id="ocrsite.E034",
        )
    ]


def _remote_engines() -> list[CheckMessage]:
    found: list[CheckMessage] = []
    server, google = settings.OPENAI, settings.GOOGLE_VISION
    if server.url:
        try:
            Address.reading(server.url)
        except ValueError as error:
            hint = "As http://gpu.example:8000/v1; the key goes into OPENAI_KEY."
            found.append(Error(f"OPENAI_URL: {error}.", hint=hint, id="ocrsite.E031"))
        if not server.model:
            hint = "The name that the server gives its model (GET /v1/models)."
            found.append(Error("OPENAI_MODEL is not set.", hint=hint, id="ocrsite.E032"))
    seconds = (server.connect_seconds, server.read_seconds, google.seconds)
    if (
        min(seconds) <= 0
        or not 1 <= server.concurrency <= 256
        or min(server.retries, google.retries, google.pages_a_day) < 0
        or settings.ENGINE_WAIT_HOURS < 0
    ):
        found.append(
            Error(
                "A number of OPENAI_*, GOOGLE_VISION_* or ENGINE_WAIT_HOURS is out of range.",
                hint="Above 0 seconds; 1 to 256 pages at once; the others from 0 on.",
                id="ocrsite.E033",
            )
        )
    return found
