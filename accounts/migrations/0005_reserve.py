from django.db import migrations

# Keeps room for a job: its reservation, and what that adds to the counters, where each sum stays
# within `most` (of the day's pages, the month's, open jobs, bytes; null is unlimited). Returns the
# periods of the counters that have room; where one is missing, nothing was written. The counters are
# locked in the order of their periods, until the end of the transaction.
RESERVE = """
CREATE FUNCTION accounts_reserve(
    its_job uuid, owner uuid, its_run integer, its_engine text, its_pages integer, size bigint,
    most bigint[]
) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    today date := (now() AT TIME ZONE 'UTC')::date;
    periods text[] := ARRAY[
        to_char(today, '"day:"YYYY-MM-DD'), to_char(today, '"month:"YYYY-MM'), 'open', 'storage'
    ];
    more bigint[] := ARRAY[its_pages, its_pages, 1, size];
    counters integer;
    room text[];
BEGIN
    LOOP
        SELECT count(*), array_agg(period) FILTER (
            WHERE wanted.most IS NULL OR held.taken + wanted.more <= wanted.most
        ) INTO counters, room
        FROM (
            SELECT period, used + reserved AS taken FROM accounts_quotause
            WHERE tenant_id = owner AND period = ANY(periods) ORDER BY period FOR UPDATE
        ) AS held
        JOIN unnest(periods, most, more) AS wanted (period, most, more) USING (period);
        EXIT WHEN counters = 4;
        INSERT INTO accounts_quotause (tenant_id, period, used, reserved)
        SELECT owner, period, 0, 0 FROM unnest(periods) AS period ORDER BY period
        ON CONFLICT DO NOTHING;
    END LOOP;
    IF cardinality(room) = 4 THEN
        INSERT INTO accounts_reservation (job_id, tenant_id, run, engine, pages, day, submitted_at)
        VALUES (its_job, owner, its_run, its_engine, its_pages, today, now());
        UPDATE accounts_quotause SET
            used = used + CASE period WHEN 'open' THEN 1 WHEN 'storage' THEN size ELSE 0 END,
            reserved = reserved + CASE WHEN period IN ('open', 'storage') THEN 0 ELSE its_pages END
        WHERE tenant_id = owner AND period = ANY(periods);
    END IF;
    RETURN coalesce(room, ARRAY[]::text[]);
END
$$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_retention"),
    ]

    operations = [
        migrations.RunSQL(RESERVE, "DROP FUNCTION accounts_reserve"),
    ]
