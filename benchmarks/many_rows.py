"""Rows as a long use leaves them, written by SQL: jobs that have ended, their files, pages, bills.

Needs PostgreSQL 18 (uuidv7 of a moment in the past); 99 further organisations share the others'.
"""

from __future__ import annotations

import psycopg

TENANTS = """
    INSERT INTO accounts_tenant (id, name, slug, is_active, default_engine, created_at,
        require_second_factor)
    SELECT gen_random_uuid(), 'Other ' || n, 'other-' || n, true, '', now(), false
    FROM generate_series(1, %(tenants)s) AS n
"""
JOBS = """
    CREATE TEMP TABLE made ON COMMIT DROP AS
    WITH others AS (
        SELECT id, row_number() OVER () AS number, count(*) OVER () AS all FROM accounts_tenant
        WHERE slug LIKE 'other-%%'
    ), own AS (SELECT id FROM accounts_tenant WHERE slug NOT LIKE 'other-%%' LIMIT 1)
    SELECT uuidv7(make_interval(secs => (n - %(jobs)s) * 2.6)) AS job, gen_random_uuid() AS file,
        CASE WHEN n %% 5 = 0 THEN own.id ELSE others.id END AS tenant,
        now() + make_interval(secs => (n - %(jobs)s) * 2.6) AS at,
        CASE WHEN n %% 100 = 1 THEN 'failed' WHEN n %% 100 = 5 THEN 'cancelled'
            WHEN n %% 100 = 10 THEN 'partial' ELSE 'succeeded' END AS status
    FROM generate_series(1, %(jobs)s) AS n CROSS JOIN own
    JOIN others ON others.number = 1 + n %% others.all;
    INSERT INTO jobs_storedfile (id, tenant_id, key, name, media_type, size, sha256, created_at)
    SELECT file, tenant, tenant || '/uploads/' || file, 'invoice ' || file || '.pdf',
        'application/pdf', 100000, md5(file::text) || md5(job::text), at FROM made;
    INSERT INTO jobs_job (id, tenant_id, file_id, status, engine, options, metadata, template,
        sealed_password, priority, run, attempt, cancel_requested, page_count, pages_total,
        pages_done, pages_failed, classification, documents, warnings, created_at, started_at,
        finished_at, cached, pdf_bytes, stored_bytes)
    SELECT job, tenant, file, status, 'auto', '{"engine": "auto", "preview": true}', '{"order": 1}',
        'invoice', '', 1, 0, 1, false, 1, 1, 1, 0, '{"kind": "invoice", "label": "Invoice",
            "confidence": 0.9, "alternatives": [], "evidence": []}', '[]',
        '{}', at, at + interval '1 s', at + interval '2 s', false, 0, 100000 FROM made;
    INSERT INTO jobs_page (job_id, number, engine, revision, seconds, content, failed, preview_key,
        preview_bytes)
    SELECT job, 1, 'auto', '1', 1, jsonb_build_object('number', 1, 'text', repeat('word ', 40)),
        false, '', 0 FROM made;
    INSERT INTO accounts_usagerecord (tenant_id, job_id, run, engine, pages, compute_seconds,
        outcome, cached, day, submitted_at, created_at)
    SELECT tenant, job, 0, 'auto', 1, 1, status, false, at::date, at, at FROM made;
    INSERT INTO accounts_auditentry (at, tenant_id, actor, action, object_type, object_id, after)
    SELECT at, tenant, 'key', 'job.submit', 'jobs.job', job::text, '{"engine": "auto"}' FROM made
"""
STEP = 250_000  # jobs in one transaction


def fill(database_url: str, jobs: int, *, tenants: int = 99) -> None:
    """Add so many ended jobs, a fifth of them the first organisation's; all of 30 days."""
    with psycopg.connect(database_url, autocommit=True) as database:
        database.execute("SET session_replication_role = replica")  # no look at each foreign key
        database.execute("SET synchronous_commit = off")
        database.execute(TENANTS.replace("%(tenants)s", str(tenants)))
        for begin in range(0, jobs, STEP):
            count = min(STEP, jobs - begin)
            with database.transaction():
                for statement in JOBS.split(";"):
                    named = statement.replace("%%", "%").replace("%(jobs)s", str(count))
                    database.execute(named.encode())
        database.execute("VACUUM ANALYZE")


def queue(database_url: str, tasks: int, *, tenants: int) -> None:
    """Let so many tasks wait of so many organisations, instead of all that wait."""
    with psycopg.connect(database_url, autocommit=True) as database:
        database.execute("DELETE FROM jobs_task")
        database.execute(
            """
            INSERT INTO jobs_task (id, tenant_id, job_id, pool, priority, state, attempt, retries,
                crashes, worker)
            SELECT uuidv7(), tenant.id, job.id, 'cpu', 1, 'waiting', 0, 0, 0, ''
            FROM generate_series(1, %s) AS n
            JOIN (SELECT id, row_number() OVER (ORDER BY slug) AS number FROM accounts_tenant) AS
                tenant ON tenant.number = 1 + n %% %s
            CROSS JOIN (SELECT id FROM jobs_job LIMIT 1) AS job
            """,
            [tasks, tenants],
        )
        database.execute("VACUUM ANALYZE jobs_task")
