"""Engines of an organisation's own, ``own:NAME``: found, offered, changed, and made for a job.

A registry of rows beside the table of the installation's engines: an own one is a vision-language
model of the installation (``base``) with an adapter over it. A job keeps the adapter that its
engine had when it was submitted; its result is never another one's.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tarfile
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.shortcuts import get_object_or_404
from django.utils import timezone

from accounts import audit
from accounts.models import Tenant
from accounts.tenancy import Actor
from extraction import engines
from extraction.engines import ENGINES, Engine
from extraction.errors import EngineFailed, EngineUnavailable, InvalidOption
from jobs import storage
from jobs.errors import NothingToRollBack
from jobs.models import Job, StoredFile, TenantEngine
from jobs.models.engines import OWN, is_own

NAME = r"[a-z0-9][a-z0-9-]{0,39}"
UNUSED_SECONDS = 7 * 86_400  # after which a worker's copy of an adapter goes
MOST_BYTES = 4_000_000_000  # of an unpacked adapter


@dataclass(frozen=True, slots=True)
class Chosen:
    """An engine as a job is to be read with: one of the installation's, and what lies over it."""

    base: str
    adapter: StoredFile | None = None

    @property
    def revision(self) -> str:
        """What results depend on."""
        revision = ENGINES[self.base].revision
        return f"{revision}+{self.adapter.sha256}" if self.adapter else revision


def chosen(tenant: Tenant, engine: str) -> Chosen:
    """What the name means for the organisation now; one query for an engine of its own, else none.

    Raises ``InvalidOption`` where it has none of that name, or its base is switched off.
    """
    if is_own(engine):
        row = _row(tenant, engine)
        if row is not None and row.base in ENGINES:
            return Chosen(row.base, row.active)
    elif engine in ENGINES:
        return Chosen(engine)
    raise InvalidOption(f"engine {engine[:80]!r} is not one of: {', '.join(ENGINES)}.")


def names_of(tenant: Tenant) -> list[TenantEngine]:
    """The organisation's own whose base is switched on and in its plan, by name."""
    named = tenant.plan.engines if tenant.plan else []
    rows = TenantEngine.objects.for_tenant(tenant).select_related("active").order_by("name")
    return [row for row in rows if row.base in ENGINES and (not named or row.base in named)]


def _row(tenant: Tenant, engine: str) -> TenantEngine | None:
    rows = TenantEngine.objects.for_tenant(tenant).select_related("active")
    return rows.filter(name=engine.removeprefix(OWN)).first()


def promote(
    *, actor: Actor, name: str, base: str, adapter: StoredFile, address: str | None = None
) -> TenantEngine:
    """Let the engine of that name read with the adapter from now on; made where there is none.

    Raises ``InvalidOption`` for a name that cannot be, or an engine over another base.
    """
    if not re.fullmatch(NAME, name):
        raise InvalidOption("engine: small letters, digits and hyphens, 40 at most.")
    rows = TenantEngine.objects.for_tenant(actor.tenant)
    with transaction.atomic():
        rows.bulk_create(
            [TenantEngine(tenant=actor.tenant, name=name, base=base)], ignore_conflicts=True
        )
        row = rows.select_for_update(of=("self",)).select_related("active").get(name=name)
        if row.base != base:
            raise InvalidOption(f"engine: {row} is over {row.base}, the adapter over {base}.")
        before = row.active
        if before != adapter:
            row.former, row.active, row.changed_at = before, adapter, timezone.now()
            row.save(update_fields=["former", "active", "changed_at"])
        _record(actor, row, "own_engine.promote", before, address)
    return row


def roll_back(*, row: TenantEngine, actor: Actor, address: str | None = None) -> TenantEngine:
    """Let the engine read with what it had before; with its base alone, if that was nothing.

    Raises ``NothingToRollBack`` where it reads so already.
    """
    rows = TenantEngine.objects.select_for_update(of=("self",))
    with transaction.atomic():
        row = get_object_or_404(rows.select_related("active", "former", "tenant"), pk=row.pk)
        if row.active is None:
            raise NothingToRollBack()
        before = row.active
        row.active, row.former, row.changed_at = row.former, None, timezone.now()
        row.save(update_fields=["former", "active", "changed_at"])
        _record(actor, row, "own_engine.roll_back", before, address)
    return row


def delete(*, row: TenantEngine, actor: Actor, address: str | None = None) -> None:
    """Remove the engine. Jobs that wait for it will fail; adapters stay with their runs."""
    with transaction.atomic():
        _record(actor, row, "own_engine.delete", row.active, address, after={})
        row.delete()


def _record(
    actor: Actor,
    row: TenantEngine,
    action: str,
    before: StoredFile | None,
    address: str | None,
    after: dict[str, str] | None = None,
) -> None:
    audit.record(
        actor=actor,
        tenant=row.tenant,
        action=action,
        obj=row,
        before={"adapter": before.sha256 if before else None},
        after={"adapter": row.active.sha256 if row.active else None} if after is None else after,
        address=address,
    )


def engine_of(job: Job, threads: int) -> Engine:
    """The engine that reads the job, loaded once a process.

    Raises ``InvalidOption`` for one that the organisation has no more, ``EngineUnavailable`` where
    this worker is set up without it: another may have it; ``EngineFailed`` where its adapter is
    gone, and ``StorageUnavailable``.
    """
    base = job.engine
    if is_own(base):
        row = _row(job.tenant, base)
        if row is None:
            raise InvalidOption(f"There is no engine {base} any more.")
        base = row.base
    if base not in ENGINES:
        raise EngineUnavailable(f"This worker is set up without the engine {base}.")
    if job.adapter_id is None:
        return engines.get(base, threads)
    adapter = StoredFile.objects.for_tenant(job.tenant).filter(pk=job.adapter_id).first()
    if adapter is None:
        raise EngineFailed("The adapter that the job was to be read with was deleted.")
    return engines.tuned(base, job.engine, unpacked(adapter), threads)


def unpacked(adapter: StoredFile) -> Path:
    """The adapter's folder on this machine, by its hash; fetched where it is not there yet.

    Raises ``EngineFailed`` where it is not what it was, ``StorageUnavailable``, ``StorageFull``.
    """
    home = Path(settings.ADAPTERS_DIR)
    # by tenant too: what two organisations have is never one
    folder = home / f"{adapter.tenant_id}-{adapter.sha256}"
    if not folder.is_dir():
        home.mkdir(parents=True, exist_ok=True)
        _forget_unused(home)
        with tempfile.TemporaryDirectory(dir=home) as made:
            try:
                with storage.local_path(adapter.key) as path:
                    unpack(path, Path(made) / "adapter", adapter.sha256)
            except FileNotFoundError as error:
                raise EngineFailed("The adapter is gone from the storage.") from error
            try:
                (Path(made) / "adapter").rename(folder)
            except OSError:
                if not folder.is_dir():  # another thread or process was faster
                    raise
    os.utime(folder)
    return folder


def unpack(archive: Path, folder: Path, sha256: str) -> None:
    """Unpack a tar of ours whose hash is known. Raises ``EngineFailed`` where it is another."""
    with archive.open("rb") as content:
        if hashlib.file_digest(content, "sha256").hexdigest() != sha256:
            raise EngineFailed("What was kept of the training is not what it was.")
        content.seek(0)
        with tarfile.open(fileobj=content) as tar:
            if sum(member.size for member in tar) > MOST_BYTES:
                raise EngineFailed("What was kept of the training is larger than allowed.")
            tar.extractall(folder, filter="data")


def _forget_unused(home: Path) -> None:
    """Remove copies that no job has asked for lately: of organisations that left, too."""
    for folder in home.iterdir():
        try:
            if time.time() - folder.stat().st_mtime > UNUSED_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)
        except FileNotFoundError:
            continue
