"""Signed links: a file of a job for whoever has the address, for LINK_SECONDS.

A link acts for who made it, as they stand when it is used: it ends with the revocation of their
key, with their membership, with the job. Where it leads to the bucket's own server (S3_PUBLIC_URL)
only its time and the deletion of the file end it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.http import Http404
from django.shortcuts import get_object_or_404

from accounts import audit, clock
from accounts.grants import actor_again
from accounts.row_security import act_for
from accounts.tenancy import Actor
from extraction.errors import InvalidOption
from extraction.formats import FORMATS
from jobs import download_audit, results, storage
from jobs.errors import LinkExpired, NoResult, ResultNotReady
from jobs.models import Job, Page

ORIGINAL = "original"
_PICTURE = re.compile(r"page-([1-9][0-9]{0,5})")
SALT = "jobs.links"


@dataclass(frozen=True, slots=True)
class Kept:
    """A file of a job that lies in the storage: its key, its type, and a name for who saves it."""

    key: str
    media_type: str
    name: str


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses by the files' names, which work until then."""

    urls: dict[str, str]
    expires_at: datetime


def names_of(job: Job) -> list[str]:
    """The files that a job has, without the pictures of its pages (``page-1`` and so on)."""
    ready = job.ended and job.pages_done
    return [ORIGINAL, *(row.name for row in results.formats_of(job))] if ready else [ORIGINAL]


def make(
    job: Job,
    names: Sequence[str],
    *,
    actor: Actor,
    address: str | None,
    url_of: Callable[[str], str],
) -> Links:
    """Links to these files of the job; ``url_of`` makes our own address of a token.

    Raises ``Expired``, ``InvalidOption`` for a file that the job cannot have, ``ResultNotReady``,
    ``NoResult`` and ``NotMade`` for one that it has not.
    """
    expires = clock.now() + timedelta(seconds=settings.LINK_SECONDS)
    results.refuse_expired(job)
    urls = {}
    for name in dict.fromkeys(names):
        kept = kept_file(job, name)
        # what goes with its first delivery is delivered here
        public = (
            kept
            and job.retention_hours != 0
            and storage.signed_url(
                kept.key, seconds=settings.LINK_SECONDS, name=kept.name, media_type=kept.media_type
            )
        )
        urls[name] = public or url_of(_sign(job, name, actor, expires))
    audit.record(
        actor=actor,
        tenant=job.tenant,
        action="job.link",
        obj=job,
        after={"files": list(urls)},
        address=address,
    )
    return Links(urls, expires)


def kept_file(job: Job, name: str) -> Kept | None:
    """The file of that name in the storage; None for a format that is written when asked for.

    Raises as ``make``.
    """
    if name == ORIGINAL:
        return Kept(job.file.key, job.file.media_type, job.file.name)
    stem = job.file.name.rsplit(".", 1)[0]
    if picture := _PICTURE.fullmatch(name):
        number = int(picture[1])
        key = Page.objects.filter(job=job, number=number).values_list("preview_key", flat=True)
        if not (found := key.first()):
            raise InvalidOption(f"The job has no picture of page {number}.")
        return Kept(found, "image/jpeg", f"{stem}-{number}.jpg")
    if name not in FORMATS:
        known = f"{ORIGINAL}, page-1, {', '.join(FORMATS)}"
        raise InvalidOption(f"{name[:40]!r} is not one of: {known}.")
    if not job.ended:
        raise ResultNotReady(f"The job is {job.status}: {job.pages_done} pages are done.")
    if FORMATS[name].render is None:
        results.check_pdf(job)
        key_of_pdf = storage.pdf_key(job.tenant_id, job.pk, job.attempt)
        return Kept(key_of_pdf, FORMATS[name].media_type, f"{stem}.{FORMATS[name].suffix}")
    if not job.pages_done:
        raise NoResult(f"The job is {job.status}.")
    return None


def opened(token: str, *, address: str | None) -> tuple[Job, str]:
    """The job and the name of its file that a link is for; the download is noted.

    Raises ``LinkExpired``, ``Expired``, and Http404 for a token that is not ours and a job that is
    gone.
    """
    try:
        job_id, name, expires, tenant_id, api_key_id, user_id = Signer(salt=SALT).unsign_object(
            token
        )
    except BadSignature as error:
        raise Http404 from error
    if clock.now().timestamp() >= expires:
        raise LinkExpired()
    actor = actor_again(UUID(tenant_id), api_key_id=_id(api_key_id), user_id=_id(user_id))
    if actor is None or not actor.may("jobs:read"):
        raise LinkExpired("Who made it may no longer see the job.")
    act_for(actor.tenant)
    rows = Job.objects.for_tenant(actor.tenant).select_related("file", "tenant")
    job = get_object_or_404(rows, pk=UUID(job_id))
    results.refuse_expired(job)
    download_audit.deliver(job, name, by="link", actor=actor, address=address)
    return job, name


def _sign(job: Job, name: str, actor: Actor, expires: datetime) -> str:
    key, user = actor.api_key, actor.user
    content = [
        job.pk.hex,
        name,
        int(expires.timestamp()),
        job.tenant_id.hex,
        key.pk.hex if key else "",
        user.pk.hex if user and not key else "",
    ]
    return Signer(salt=SALT).sign_object(content)


def _id(text: str) -> UUID | None:
    return UUID(text) if text else None
