"""Who had which document or result: deliveries in the audit log, as AUDIT_DOWNLOADS says.

A program that polls a result would write an entry each time. So "once" notes the first delivery of
a file to a caller and again after an hour; each web process remembers for itself, and restarted it
may note one anew. Never one too few. "all" notes every delivery, "none" none.
"""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request

from accounts import audit
from accounts.seldom import Seldom
from accounts.tenancy import Actor, actor_of
from jobs.models import Batch, Job

DOWNLOADS = ("once", "all", "none")
noted = Seldom(3600)


def note(request: HttpRequest | Request, of: Job | Batch, file: str, *, by: str) -> None:
    """The caller is about to get this file; ``by``: api or page."""
    if request.method == "GET":
        deliver(of, file, by=by, actor=actor_of(request), address=audit.address_of(request))


def deliver(of: Job | Batch, file: str, *, by: str, actor: Actor, address: str | None) -> None:
    """This actor is about to get this file: a format's name, original, page, pictures or view."""
    mode = settings.AUDIT_DOWNLOADS
    if mode == "none" or (mode == "once" and noted.due((actor.pk, of.pk, file, by)) is None):
        return
    try:
        audit.record(
            actor=actor,
            tenant=of.tenant,
            action="batch.download" if isinstance(of, Batch) else "job.download",
            obj=of,
            after={"file": file, "by": by},
            address=address,
        )
    except Exception:
        noted.forget((actor.pk, of.pk, file, by))
        raise
