"""What an organisation has here removed, some at a time, and counted in its departure."""

from __future__ import annotations

from collections.abc import Sequence

from accounts.models import Departure
from accounts.shared_redis import shared_redis
from jobs import storage
from jobs.belongings import Table, owned_by, tables
from jobs.stores import Stored

ROWS_AT_ONCE = 2_000  # in one transaction, of a table that others do not hang on
OWNERS_AT_ONCE = 50  # of one that has pages, fields and the like below
KEYS_AT_ONCE = 1_000  # of Redis, asked for together
# What TENANT_LEDGER_YEARS keeps: what was billed, and what `billing check` compares it with
LEDGER = frozenset(
    f"accounts.{name}"
    for name in (
        "usagerecord",
        "usagesum",
        "subscription",
        "closing",
        "closedusage",
        "invoice",
        "credit",
        "credituse",
    )
)
AUDIT = "accounts.auditentry"


def is_kept(departure: Departure, table: Table) -> bool:
    """Whether the rows stay, for now: the audit log's go in a way of their own, in the end."""
    return table.label == AUDIT or (departure.keeps_ledger and table.label in LEDGER)


def remove_some_rows(departure: Departure) -> bool:
    """Remove rows of the first table that has any; False where none has."""
    return any(
        _remove_rows(departure, table)
        for table in tables()
        if not table.owner and not is_kept(departure, table)
    )


def _remove_rows(departure: Departure, table: Table) -> bool:
    """Remove some of the table's rows with what hangs on them; False where there are none."""
    below = owned_by(table)
    most = OWNERS_AT_ONCE if below else ROWS_AT_ONCE
    some = list(table.rows(departure.pk).order_by("-pk").values_list("pk", flat=True)[:most])
    for each in below:
        add(departure, each.rows_of(some).delete()[1])
    rows = table.model._base_manager.filter(pk__in=some)
    if any(key.related_model is table.model for key in table.model._meta.local_concrete_fields):
        # a row may hold another one of them: what is newer is removed first, and only by itself
        rows._raw_delete(rows.db)
        add(departure, {table.label: len(some)})
    else:
        add(departure, rows.delete()[1])
    return bool(some)


def add(departure: Departure, removed: dict[str, int]) -> None:
    """Note the rows as removed, by model."""
    for name, count in removed.items():
        label = name.lower()
        departure.removed[label] = departure.removed.get(label, 0) + count


def remove_files(departure: Departure) -> list[Stored]:
    """Remove some of its objects; those that went. Raises ``StorageUnavailable``."""
    page = next(storage.pages(f"{departure.pk}/"), [])
    storage.remove([stored.key for stored in page])
    return page


def count_files(departure: Departure, page: Sequence[Stored]) -> None:
    """Note them as removed."""
    departure.files += len(page)
    departure.bytes += sum(stored.size for stored in page)


def remove_cache(departure: Departure) -> None:
    """Remove what Redis keeps under its id. Raises redis.RedisError."""
    with shared_redis().asked() as client:
        found = client.scan_iter(match=f"{departure.pk}:*", count=KEYS_AT_ONCE)
        for key in found:
            client.unlink(key)
