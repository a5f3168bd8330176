from django.db import migrations

# Jobs that were accepted before there were quotas: what they keep, and what their files take.
BACKFILL = """
INSERT INTO accounts_reservation (job_id, tenant_id, run, engine, day, pages, submitted_at)
    SELECT id, tenant_id, 0, engine, (created_at AT TIME ZONE 'UTC')::date,
        coalesce(pages_total, 1), created_at
    FROM jobs_job WHERE status IN ('queued', 'running');

INSERT INTO accounts_quotause (tenant_id, period, used, reserved)
    SELECT tenant_id, to_char(day, '"day:"YYYY-MM-DD'), 0, sum(pages)
    FROM accounts_reservation GROUP BY 1, 2
    UNION ALL
    SELECT tenant_id, to_char(day, '"month:"YYYY-MM'), 0, sum(pages)
    FROM accounts_reservation GROUP BY 1, 2
    UNION ALL
    SELECT tenant_id, 'open', count(*), 0 FROM accounts_reservation GROUP BY 1
    UNION ALL
    SELECT tenant_id, 'storage', sum(size), 0 FROM jobs_storedfile GROUP BY 1
    ON CONFLICT (tenant_id, period)
    DO UPDATE SET used = accounts_quotause.used + excluded.used,
        reserved = accounts_quotause.reserved + excluded.reserved;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_quotas"),
        ("jobs", "0009_batches"),
    ]

    operations = [migrations.RunSQL(BACKFILL, migrations.RunSQL.noop)]
