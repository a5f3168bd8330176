"""A job's result copied to another job of the same document, so that either may be deleted."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from django.db import connection, models
from django.db.models import Value
from django.db.models.functions import Replace

from jobs import results, storage
from jobs.models import Extraction, FieldValue, Job, Page

COPIED = (  # columns of the job itself, beside what is written at every end
    "page_count",
    "pages_total",
    "pages_done",
    "pages_failed",
    "template_version_id",
    "pdf_bytes",
)
FEW = 4  # files that are copied one after the other
AT_ONCE = 8


def columns_of(first: Job) -> dict[str, Any]:
    """The job's own columns that its pages brought."""
    return {name: getattr(first, name) for name in COPIED}


def copy_rows(first: Job, job: Job) -> None:
    """Copy what was read, within the database; what people said of it since stays behind."""
    folders = (str(first.pk), str(job.pk))
    _copy(Page, first, job, preview_key=Replace("preview_key", *map(Value, folders)))
    _copy(FieldValue, first, job)
    _copy(Extraction, first, job)


@contextmanager
def files_copied(first: Job, job: Job) -> Iterator[None]:
    """Copy the pictures of the pages and the searchable PDF; removed again where the block fails.

    Raises FileNotFoundError if one of the files is gone, ``StorageUnavailable``, ``StorageFull``.
    """
    pages = Page.objects.filter(job=first).exclude(preview_key="")
    pairs = [
        (key, storage.preview_key(job.tenant_id, job.pk, number))
        for key, number in pages.values_list("preview_key", "number")
    ]
    if results.pdf_made(first):
        own = storage.pdf_key(job.tenant_id, job.pk, job.attempt)
        pairs.append((storage.pdf_key(first.tenant_id, first.pk, first.attempt), own))
    try:
        if len(pairs) <= FEW:
            for pair in pairs:
                _copy_file(pair)
        else:
            with ThreadPoolExecutor(AT_ONCE) as pool:
                list(pool.map(_copy_file, pairs))
        yield
    except Exception:
        storage.delete(key for _, key in pairs)
        raise


def _copy_file(pair: tuple[str, str]) -> None:
    storage.copy(*pair)


def _copy(model: type[models.Model], first: Job, job: Job, **changed: Any) -> None:
    """INSERT ... SELECT of the model's rows: all columns, the job's id and ``changed`` instead."""
    changed["job"] = Value(job.pk, output_field=models.UUIDField())
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    columns = ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)
    wanted = {f"_{f.name}": changed.get(f.name, models.F(f.attname)) for f in fields}
    rows = model._default_manager.filter(job=first).annotate(**wanted).values_list(*wanted)
    sql, params = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        table = connection.ops.quote_name(model._meta.db_table)
        cursor.execute(f"INSERT INTO {table} ({columns}) {sql}", params)
