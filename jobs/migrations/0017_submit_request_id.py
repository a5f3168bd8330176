from django.db import migrations

# As in 0014, and writes the entry's request_id too.
SUBMIT = """
CREATE OR REPLACE FUNCTION jobs_submit(
    file jsonb, job jsonb, entry jsonb, task jsonb, alone boolean, lock bigint, seen text,
    most bigint[]
) RETURNS TABLE (outcome text, listening uuid[], room text[]) LANGUAGE plpgsql AS $$
DECLARE
    owner uuid := job ->> 'tenant_id';
BEGIN
    -- Locked as a foreign key to them would be, but now: see jobs/webhooks.py
    listening := ARRAY(
        SELECT id FROM jobs_webhook WHERE tenant_id = owner AND active
          AND events @> ARRAY['job.queued']::varchar[]
        ORDER BY id FOR KEY SHARE
    );
    IF alone AND cardinality(listening) > 0 THEN
        outcome := 'told';
        RETURN NEXT;
        RETURN;
    END IF;
    IF lock IS NOT NULL THEN
        IF seen <> jobs_templates_state(owner) THEN
            outcome := 'templates';
            RETURN NEXT;
            RETURN;
        END IF;
        PERFORM pg_advisory_xact_lock(lock);
        -- No word of the tenant, whose id is in the key: PostgreSQL would look through all that waits
        PERFORM FROM jobs_job
        WHERE cache_key = (job ->> 'cache_key')::uuid AND same_as_id IS NULL
          AND status IN ('queued', 'running') AND NOT cancel_requested;
        IF FOUND THEN
            outcome := 'same';
            RETURN NEXT;
            RETURN;
        END IF;
    END IF;
    IF task IS NOT NULL THEN
        room := accounts_reserve(
            (job ->> 'id')::uuid, owner, 0, job ->> 'engine', 1, (file ->> 'size')::bigint, most
        );
        IF cardinality(room) < 4 THEN
            outcome := 'full';
            RETURN NEXT;
            RETURN;
        END IF;
    END IF;
    INSERT INTO jobs_storedfile SELECT * FROM jsonb_populate_record(NULL::jobs_storedfile, file);
    INSERT INTO jobs_job SELECT * FROM jsonb_populate_record(NULL::jobs_job, job);
    INSERT INTO accounts_auditentry (
        at, tenant_id, user_id, api_key_id, actor, action, object_type, object_id, before, after,
        address, request_id
    )
    SELECT at, tenant_id, user_id, api_key_id, actor, action, object_type, object_id, before,
        after, address, request_id
    FROM jsonb_populate_record(NULL::accounts_auditentry, entry);
    IF task IS NOT NULL THEN
        INSERT INTO jobs_task (
            id, job_id, tenant_id, pool, priority, numbers, state, attempt, retries, crashes,
            worker, lease_until, taken_at
        )
        SELECT id, job_id, tenant_id, pool, priority, numbers, state, attempt, retries, crashes,
            worker, lease_until, taken_at
        FROM jsonb_populate_record(NULL::jobs_task, task);
    END IF;
    outcome := 'kept';
    RETURN NEXT;
END
$$;
"""
BEFORE = """
CREATE OR REPLACE FUNCTION jobs_submit(
    file jsonb, job jsonb, entry jsonb, task jsonb, alone boolean, lock bigint, seen text,
    most bigint[]
) RETURNS TABLE (outcome text, listening uuid[], room text[]) LANGUAGE plpgsql AS $$
DECLARE
    owner uuid := job ->> 'tenant_id';
BEGIN
    -- Locked as a foreign key to them would be, but now: see jobs/webhooks.py
    listening := ARRAY(
        SELECT id FROM jobs_webhook WHERE tenant_id = owner AND active
          AND events @> ARRAY['job.queued']::varchar[]
        ORDER BY id FOR KEY SHARE
    );
    IF alone AND cardinality(listening) > 0 THEN
        outcome := 'told';
        RETURN NEXT;
        RETURN;
    END IF;
    IF lock IS NOT NULL THEN
        IF seen <> jobs_templates_state(owner) THEN
            outcome := 'templates';
            RETURN NEXT;
            RETURN;
        END IF;
        PERFORM pg_advisory_xact_lock(lock);
        -- No word of the tenant, whose id is in the key: PostgreSQL would look through all that waits
        PERFORM FROM jobs_job
        WHERE cache_key = (job ->> 'cache_key')::uuid AND same_as_id IS NULL
          AND status IN ('queued', 'running') AND NOT cancel_requested;
        IF FOUND THEN
            outcome := 'same';
            RETURN NEXT;
            RETURN;
        END IF;
    END IF;
    IF task IS NOT NULL THEN
        room := accounts_reserve(
            (job ->> 'id')::uuid, owner, 0, job ->> 'engine', 1, (file ->> 'size')::bigint, most
        );
        IF cardinality(room) < 4 THEN
            outcome := 'full';
            RETURN NEXT;
            RETURN;
        END IF;
    END IF;
    INSERT INTO jobs_storedfile SELECT * FROM jsonb_populate_record(NULL::jobs_storedfile, file);
    INSERT INTO jobs_job SELECT * FROM jsonb_populate_record(NULL::jobs_job, job);
    INSERT INTO accounts_auditentry (
        at, tenant_id, user_id, api_key_id, actor, action, object_type, object_id, before, after,
        address
    )
    SELECT at, tenant_id, user_id, api_key_id, actor, action, object_type, object_id, before,
        after, address
    FROM jsonb_populate_record(NULL::accounts_auditentry, entry);
    IF task IS NOT NULL THEN
        INSERT INTO jobs_task (
            id, job_id, tenant_id, pool, priority, numbers, state, attempt, retries, crashes,
            worker, lease_until, taken_at
        )
        SELECT id, job_id, tenant_id, pool, priority, numbers, state, attempt, retries, crashes,
            worker, lease_until, taken_at
        FROM jsonb_populate_record(NULL::jobs_task, task);
    END IF;
    outcome := 'kept';
    RETURN NEXT;
END
$$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0009_audit"),
        ("jobs", "0016_departures"),
    ]

    operations = [
        migrations.RunSQL(SUBMIT, BEFORE),
    ]
