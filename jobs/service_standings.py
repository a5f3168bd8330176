"""Organisations whose error budget of this month is used up, or goes fast: for operators."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import connection

from accounts.statements import month_of

TOP = 50
LATELY_DAYS = 2  # today and yesterday
FAST = 2  # times what is allowed, lately
_STANDINGS = """
SELECT * FROM (
    SELECT tenant.id, tenant.name, coalesce(plan.title, ''), told.what, sum(told.promised)::bigint,
        sum(told.missed)::bigint AS missed, sum(told.allowed) AS allowed,
        coalesce(sum(told.missed) FILTER (WHERE told.day >= %(lately)s), 0)::bigint
            AS missed_lately,
        coalesce(sum(told.allowed) FILTER (WHERE told.day >= %(lately)s), 0) AS allowed_lately
    FROM (
        SELECT tenant_id, 'calls' AS what, day, promised, missed, allowed FROM accounts_callsum
        WHERE day >= %(first)s
        UNION ALL
        SELECT tenant_id, 'documents', day, promised, missed, allowed FROM jobs_servicesum
        WHERE day >= %(first)s
    ) AS told
    JOIN accounts_tenant AS tenant ON tenant.id = told.tenant_id
    LEFT JOIN accounts_plan AS plan ON plan.id = tenant.plan_id
    GROUP BY tenant.id, plan.title, told.what
) AS each
WHERE missed > allowed OR (missed_lately > 1 AND missed_lately >= allowed_lately * %(fast)s)
ORDER BY missed / greatest(allowed, 0.000001) DESC, id, what LIMIT %(top)s
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """An organisation's calls or documents (``what``) of this month that were under a promise."""

    tenant_id: UUID
    name: str
    plan: str
    what: str
    promised: int
    missed: int
    allowed: Decimal
    missed_lately: int
    allowed_lately: Decimal

    @property
    def used_up(self) -> bool:
        """Whether more has missed it than may."""
        return self.missed > self.allowed

    @property
    def burn(self) -> float | None:
        """How many times as much as is allowed has missed it lately; None where nothing came."""
        if not self.allowed_lately:
            return None
        return round(self.missed_lately / float(self.allowed_lately), 1)


def standings(today: date) -> list[Standing]:
    """The worst first; one query."""
    with connection.cursor() as cursor:
        cursor.execute(
            _STANDINGS,
            {
                "first": month_of(today),
                "lately": today - timedelta(days=LATELY_DAYS - 1),
                "fast": FAST,
                "top": TOP,
            },
        )
        return [Standing(*row) for row in cursor.fetchall()]
