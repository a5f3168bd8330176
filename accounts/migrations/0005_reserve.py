from django.db import migrations

# Keeps room for a job: its reservation, and what that adds to the counters, each only where the sum
# stays within `most` (of the day's pages, the month's, open jobs, bytes; null is unlimited).
# Returns the periods of the counters that had room: where one is missing, the caller is to roll
# back. The counters are locked in the order of their periods, until the end of the transaction.
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
    counters integer;
    room text[];
BEGIN
    INSERT INTO accounts_reservation (job_id, tenant_id, run, engine, pages, day, submitted_at)
    VALUES (its_job, owner, its_run, its_engine, its_pages, today, now());
    LOOP
        PERFORM FROM accounts_quotause WHERE tenant_id = owner AND period = ANY(periods)
        ORDER BY period FOR UPDATE;
        GET DIAGNOSTICS counters = ROW_COUNT;
        EXIT WHEN counters = 4;
        INSERT INTO accounts_quotause (tenant_id, period, used, reserved)
        SELECT owner, period, 0, 0 FROM unnest(periods) AS period ORDER BY period
        ON CONFLICT DO NOTHING;
    END LOOP;
    WITH changed AS (
        UPDATE accounts_quotause AS kept
        SET used = kept.used + wanted.used, reserved = kept.reserved + wanted.reserved
        FROM (VALUES
            (periods[1], 0::bigint, its_pages, most[1]), (periods[2], 0, its_pages, most[2]),
            (periods[3], 1, 0, most[3]), (periods[4], size, 0, most[4])
        ) AS wanted (period, used, reserved, most)
        WHERE kept.tenant_id = owner AND kept.period = wanted.period AND (wanted.most IS NULL
            OR kept.used + kept.reserved + wanted.used + wanted.reserved <= wanted.most)
        RETURNING kept.period
    )
    SELECT array_agg(period) INTO room FROM changed;
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
