"""Whether the counters of quotas say what the rows say: reservations, bills, files, open jobs.

Every transaction changes rows and counters together, so at any moment there is no difference; one
is a fault of ours, or somebody changed rows by hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from accounts import quota_counters
from accounts.identifiers import first_since

# Each counter beside what its rows add up to, in one snapshot. Of days and months those of this
# month and the last one, where quotas are still asked of them. %(tenant)s is null for all tenants.
COMPARED = """
WITH recent AS (
    SELECT date_trunc('month', now() AT TIME ZONE 'UTC') - interval '1 month' AS since
), kept AS (
    SELECT tenant_id, period, used, reserved FROM accounts_quotause, recent
    WHERE (%(tenant)s::uuid IS NULL OR tenant_id = %(tenant)s)
    AND (period IN ('open', 'storage') OR right(period, -strpos(period, ':'))
        >= to_char(since, CASE WHEN period LIKE 'day:%%' THEN 'YYYY-MM-DD' ELSE 'YYYY-MM' END))
), pages AS (
    SELECT tenant_id, day, 0 AS used, pages AS reserved, 0 AS included, 0 AS cost,
        cost AS cost_kept, 0 AS trained, seconds AS seconds_kept
    FROM accounts_reservation, recent
    WHERE day >= since AND (%(tenant)s::uuid IS NULL OR tenant_id = %(tenant)s)
    UNION ALL
    SELECT tenant_id, day, pages, 0, included,
        (accounts_charged(engine, pages, included, compute_seconds, outcome)
            * unit_price * 1000000)::bigint, 0,
        CASE engine WHEN 'training' THEN ceil(compute_seconds)::bigint ELSE 0 END, 0
    FROM accounts_usagerecord, recent
    WHERE day >= since AND (%(tenant)s::uuid IS NULL OR tenant_id = %(tenant)s)
), due AS (
    SELECT tenant_id, to_char(day, '"day:"YYYY-MM-DD') AS period,
        sum(used) AS used, sum(reserved) AS reserved FROM pages GROUP BY 1, 2
    UNION ALL
    SELECT tenant_id, to_char(day, '"month:"YYYY-MM'), sum(used), sum(reserved)
    FROM pages GROUP BY 1, 2
    UNION ALL
    SELECT tenant_id, to_char(day, '"included:"YYYY-MM'), sum(included), 0
    FROM pages GROUP BY 1, 2
    UNION ALL
    SELECT tenant_id, to_char(day, '"cost:"YYYY-MM'), sum(cost), sum(cost_kept)
    FROM pages GROUP BY 1, 2
    UNION ALL
    SELECT tenant_id, to_char(day, '"training:"YYYY-MM'), sum(trained), sum(seconds_kept)
    FROM pages GROUP BY 1, 2
    UNION ALL
    SELECT tenant_id, 'open', count(*), 0 FROM jobs_job
    WHERE status IN ('queued', 'running')
    AND (%(tenant)s::uuid IS NULL OR tenant_id = %(tenant)s) GROUP BY 1
    UNION ALL
    SELECT tenant_id, 'storage', sum(bytes), 0 FROM (
        SELECT tenant_id, stored_bytes AS bytes FROM jobs_job
        UNION ALL
        SELECT tenant_id, size FROM jobs_storedfile AS file
        WHERE NOT EXISTS (SELECT FROM jobs_job WHERE file_id = file.id)
    ) AS kept_files
    WHERE (%(tenant)s::uuid IS NULL OR tenant_id = %(tenant)s) GROUP BY 1
)
SELECT tenant_id, period, coalesce(kept.used, 0), coalesce(kept.reserved, 0),
    coalesce(due.used, 0), coalesce(due.reserved, 0)
FROM kept FULL JOIN due USING (tenant_id, period)
WHERE coalesce(kept.used, 0) <> coalesce(due.used, 0)
OR coalesce(kept.reserved, 0) <> coalesce(due.reserved, 0)
ORDER BY 1, 2
"""

# Jobs that have ended beside what the ledger bills for them
BILLED = """
SELECT job.tenant_id, job.id, job.run, bill.last,
    CASE WHEN job.cached THEN 0 ELSE job.pages_done - job.pages_failed END, bill.pages
FROM jobs_job AS job
LEFT JOIN LATERAL (
    SELECT max(run) AS last, coalesce(sum(pages), 0) AS pages
    FROM accounts_usagerecord WHERE job_id = job.id
) AS bill ON true
WHERE job.status NOT IN ('queued', 'running') AND (%(since)s::uuid IS NULL OR job.id >= %(since)s)
AND (bill.last IS DISTINCT FROM job.run
    OR bill.pages <> CASE WHEN job.cached THEN 0 ELSE job.pages_done - job.pages_failed END)
ORDER BY job.id
"""


@dataclass(frozen=True, slots=True)
class WronglyBilled:
    """A job that has ended in run ``run`` with ``read`` pages, where the ledger says otherwise.

    ``last`` is the last run that has its row there, None where none has.
    """

    tenant_id: UUID
    job_id: UUID
    run: int
    last: int | None
    read: int
    billed: int


@dataclass(frozen=True, slots=True)
class Difference:
    """A counter that says ``used`` and ``reserved`` where the rows say the ``due`` ones."""

    tenant_id: UUID
    period: str
    used: int
    reserved: int
    due_used: int
    due_reserved: int


def differences(tenant_id: UUID | None = None) -> list[Difference]:
    """The counters that are wrong, of one tenant or of all; one query, exact under any load."""
    with connection.cursor() as cursor:
        cursor.execute(COMPARED, {"tenant": tenant_id})
        return [
            Difference(tenant, period, *(int(number) for number in numbers))
            for tenant, period, *numbers in cursor.fetchall()
        ]


def wrongly_billed(since: datetime | None = None) -> list[WronglyBilled]:
    """Jobs, of those submitted since then, whose bill is not what they have read; one query.

    What was deleted has its bill all the same, and cannot be compared.
    """
    with connection.cursor() as cursor:
        cursor.execute(BILLED, {"since": first_since(since) if since else None})
        return [WronglyBilled(*row) for row in cursor.fetchall()]


def repair() -> list[Difference]:
    """Set wrong counters to what the rows say; returns what was wrong.

    What is added is the difference, which jobs that come and go meanwhile do not change. The locks
    are for two repairs at once.
    """
    repaired = []
    for tenant_id in {difference.tenant_id for difference in differences()}:
        with transaction.atomic():
            quota_counters.lock_all(tenant_id)
            for wrong in differences(tenant_id):
                used, reserved = wrong.due_used - wrong.used, wrong.due_reserved - wrong.reserved
                added = quota_counters.Change(wrong.period, used, reserved)
                quota_counters.make_counters(tenant_id, [wrong.period])
                quota_counters.change(tenant_id, [added])
                repaired.append(wrong)
    return repaired
