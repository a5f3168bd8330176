"""Files of datasets and runs: kept under the tenant's id, counted in its storage."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from django.db import transaction

from accounts import quota_counters
from accounts.identifiers import uuid7
from accounts.models import Tenant
from accounts.quota_counters import STORAGE, STORAGE_BYTES, Change
from accounts.quota_standings import limit_of, standing
from jobs import storage
from jobs.errors import StorageQuotaExceeded
from jobs.models import StoredFile

PART = 1_000_000


def keep_path(tenant: Tenant, path: Path, *, name: str, media_type: str) -> StoredFile:
    """A file of this machine put into the storage; its row, still to be ``count``-ed and saved.

    Raises ``StorageUnavailable``, ``StorageFull``.
    """
    file_id = uuid7()
    digest = hashlib.sha256()
    with path.open("rb") as content:
        while part := content.read(PART):
            digest.update(part)
        size = content.tell()
        content.seek(0)
        key = storage.upload_key(tenant.pk, file_id)
        storage.put_file(key, content)
    return StoredFile(
        id=file_id,
        tenant=tenant,
        key=key,
        name=name,
        media_type=media_type,
        size=size,
        sha256=digest.hexdigest(),
    )


def save(file: StoredFile, *, capped: bool = True) -> None:
    """Write the row of a kept file and count its bytes, in the caller's transaction.

    Raises ``StorageQuotaExceeded`` where it is ``capped`` and does not fit.
    """
    file.save(force_insert=True)
    limit = limit_of(file.tenant, STORAGE_BYTES) if capped else None
    quota_counters.make_counters(file.tenant_id, [STORAGE])
    if not quota_counters.change(file.tenant_id, [Change(STORAGE, used=file.size, limit=limit)]):
        assert limit is not None, "what has no limit has room"
        actual = standing(file.tenant, STORAGE_BYTES).used + file.size
        raise StorageQuotaExceeded(
            f"The plan allows {limit:,} bytes of stored documents; with this one there would be "
            f"{actual:,}.",
            limit=limit,
            actual=actual,
        )


def remove(tenant: Tenant, files: Iterable[StoredFile]) -> None:
    """Remove rows that nothing points to any more, and after the commit their files."""
    rows = list(files)
    if not rows:
        return
    StoredFile.objects.for_tenant(tenant).filter(pk__in=[row.pk for row in rows]).delete()
    quota_counters.add_storage(tenant, -sum(row.size for row in rows))
    transaction.on_commit(lambda: storage.delete([row.key for row in rows]))
