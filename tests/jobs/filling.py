"""A year of an organisation's sums, as documents that were read would leave them, for tests."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import connection

from accounts.models import Tenant

USAGE = """
INSERT INTO accounts_usagesum (tenant_id, day, engine, currency, rows, calls, pages, included,
    cached, failed, compute_seconds, cost)
SELECT tenant_id, day, engine, %(currency)s, sum(ends), sum(documents), sum(pages), 0, sum(cached),
    sum(failed), 1, sum(pages) * 0.0125
FROM jobs_jobsum WHERE tenant_id = %(tenant)s GROUP BY 1, 2, 3
"""
SUMS = """
INSERT INTO jobs_jobsum (tenant_id, day, engine, template, took, ends, documents, pages, failed,
    cancelled, cached, reviews)
SELECT %(tenant)s, %(last)s::date - ago, engine, template, step, 7 + mod(ago * 7, 10),
    7 + mod(ago * 7, 10), 3 * (7 + mod(ago * 5, 20)), 0, 0, 0, mod(ago, 3)
FROM generate_series(0, %(days)s - 1) AS ago,
    unnest(ARRAY['auto', 'rapidocr', 'text-layer']) AS engine,
    unnest(%(templates)s::text[]) AS template, generate_series(18, 30, 4) AS step
UNION ALL
SELECT %(tenant)s, %(last)s::date - ago, 'auto', '', 0, 3, 3, 0, mod(ago, 3), 0, 1, 0
FROM generate_series(0, %(days)s - 1) AS ago
"""


def fill_sums(
    tenant: Tenant,
    last: date,
    *,
    days: int = 400,
    templates: tuple[str, ...] = ("", "invoices", "receipts"),
    currency: str = "EUR",
) -> None:
    """Days up to ``last``, of three engines and these templates; more than 100,000 documents."""
    values: dict[str, Any] = {
        "tenant": tenant.pk,
        "last": last,
        "days": days,
        "templates": list(templates),
        "currency": currency,
    }
    with connection.cursor() as cursor:
        cursor.execute(SUMS, values)
        cursor.execute(USAGE, values)
