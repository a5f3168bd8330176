import django.db.models.deletion
from django.db import migrations, models

from accounts.row_policies import protect

# Codes with which a job fails by our fault: jobs.errors.OUR_FAULTS
FAULTS = (
    "document_crashed_worker",
    "engine_cap_reached",
    "engine_failed",
    "engine_unavailable",
    "internal_error",
    "storage_full",
    "storage_unavailable",
)
# What one row of the ledger adds to the sums, nothing where it is not counted: judged by the
# objective of the organisation's plan that holds now. Step n of the times ends at
# 0.1 * 1.2 ** (n - 1) seconds, as those of 0022_job_sums.
JUDGED = f"""
CREATE FUNCTION jobs_judged(
    its_job uuid, its_run integer, its_outcome text, is_cached boolean, its_day date,
    begun timestamptz
) RETURNS TABLE (
    tenant_id uuid, day date, plan text, priority smallint, took integer, failed integer,
    promised integer, missed integer, allowed numeric
) LANGUAGE sql STABLE AS $$
    SELECT job.tenant_id, coalesce(its_day, (begun AT TIME ZONE 'UTC')::date),
        coalesce(plan.name, ''), job.priority,
        CASE WHEN told.failed THEN 0 ELSE least(90, 1 + greatest(0, ceil(
            ln(greatest(told.seconds, 0.001)::float8 / 0.1) / ln(1.2::float8)
        )))::integer END,
        told.failed::integer,
        (meant.id IS NOT NULL)::integer,
        (meant.id IS NOT NULL AND (
            told.failed OR told.seconds > meant.seconds
                + meant.seconds_a_page * coalesce(job.pages_total, 1)
        ))::integer,
        coalesce((100 - meant.share) / 100, 0)
    FROM jobs_job AS job
    CROSS JOIN LATERAL (SELECT
        its_outcome = 'failed' AND coalesce(job.error ->> 'code', '') IN {FAULTS} AS failed,
        extract(epoch FROM job.finished_at - begun) AS seconds
    ) AS told
    JOIN accounts_tenant AS tenant ON tenant.id = job.tenant_id
    LEFT JOIN accounts_plan AS plan ON plan.id = tenant.plan_id
    LEFT JOIN accounts_turnaroundobjective AS meant
        ON meant.plan_id = plan.id AND meant.priority = job.priority
    WHERE job.id = its_job AND job.run = its_run AND job.finished_at IS NOT NULL
        AND its_outcome IN ('succeeded', 'partial', 'failed') AND NOT is_cached
$$;
"""  # noqa: S608
ADDED = """
ON CONFLICT (tenant_id, day, plan, priority, took) DO UPDATE SET
    jobs = kept.jobs + excluded.jobs,
    failed = kept.failed + excluded.failed,
    promised = kept.promised + excluded.promised,
    missed = kept.missed + excluded.missed,
    allowed = kept.allowed + excluded.allowed;
"""
# At the commit, after jobs_sum_jobs of the same row and after all other locks
SUM = f"""
CREATE FUNCTION jobs_sum_service() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO jobs_servicesum AS kept (
        tenant_id, day, plan, priority, took, jobs, failed, promised, missed, allowed
    )
    SELECT tenant_id, day, plan, priority, took, 1, failed, promised, missed, allowed
    FROM jobs_judged(
        NEW.job_id, NEW.run, NEW.outcome, NEW.cached, NEW.day, NEW.submitted_at
    )
{ADDED}    RETURN NULL;
END
$$;

CREATE CONSTRAINT TRIGGER jobs_usagerecord_timed
    AFTER INSERT ON accounts_usagerecord DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION jobs_sum_service();
"""  # noqa: S608
# Of jobs that are still there, in their last run. Nobody waits for the long part of it, in which the
# trigger is not there yet: making that locks the ledger until this transaction ends. What came
# before that lock and is not among the rows that were judged is judged then; the rest is for the
# trigger. (The owner may not be allowed temporary tables.)
BEFORE = """
ALTER TABLE jobs_servicesum SET (fillfactor = 50);

CREATE UNLOGGED TABLE jobs_servicejudged AS
SELECT record.id, told.*
FROM accounts_usagerecord AS record LEFT JOIN LATERAL jobs_judged(
    record.job_id, record.run, record.outcome, record.cached, record.day, record.submitted_at
) AS told ON true;

INSERT INTO jobs_servicesum (
    tenant_id, day, plan, priority, took, jobs, failed, promised, missed, allowed
)
SELECT tenant_id, day, plan, priority, took, count(*), sum(failed), sum(promised), sum(missed),
    sum(allowed)
FROM jobs_servicejudged WHERE tenant_id IS NOT NULL
GROUP BY 1, 2, 3, 4, 5;
"""
MEANWHILE = f"""
INSERT INTO jobs_servicesum AS kept (
    tenant_id, day, plan, priority, took, jobs, failed, promised, missed, allowed
)
SELECT told.tenant_id, told.day, told.plan, told.priority, told.took, count(*), sum(told.failed),
    sum(told.promised), sum(told.missed), sum(told.allowed)
FROM accounts_usagerecord AS record, jobs_judged(
    record.job_id, record.run, record.outcome, record.cached, record.day, record.submitted_at
) AS told
WHERE NOT EXISTS (SELECT FROM jobs_servicejudged AS judged WHERE judged.id = record.id)
GROUP BY 1, 2, 3, 4, 5
{ADDED}
DROP TABLE jobs_servicejudged;
"""  # noqa: S608
UNSUMMED = """
DROP TRIGGER jobs_usagerecord_timed ON accounts_usagerecord;
DROP FUNCTION jobs_sum_service();
DROP FUNCTION jobs_judged(uuid, integer, text, boolean, date, timestamptz);
DELETE FROM jobs_servicesum;  -- added up anew when this is applied again
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0026_service_levels"),
        ("jobs", "0025_pauses"),
    ]

    operations = [
        migrations.CreateModel(
            name="SiteAnswer",
            fields=[
                ("minute", models.DateTimeField(primary_key=True, serialize=False)),
                ("answered", models.BooleanField(help_text="to any sweeper that asked")),
            ],
            options={"ordering": ["-minute"]},
        ),
        migrations.CreateModel(
            name="ServiceSum",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "day",
                    models.DateField(help_text="of the submission, as the ledger has it (UTC)"),
                ),
                (
                    "plan",
                    models.CharField(
                        blank=True, help_text="its name then; empty: none", max_length=50
                    ),
                ),
                (
                    "priority",
                    models.PositiveSmallIntegerField(
                        choices=[(0, "High"), (1, "Normal"), (2, "Low")]
                    ),
                ),
                (
                    "took",
                    models.PositiveSmallIntegerField(
                        help_text="from submission to end, the number of a step of jobs.job_sums; 0: not timed"
                    ),
                ),
                ("jobs", models.PositiveIntegerField()),
                ("failed", models.PositiveIntegerField(help_text="by our fault")),
                ("promised", models.PositiveIntegerField(help_text="of them, with an objective")),
                (
                    "missed",
                    models.PositiveIntegerField(
                        help_text="of the promised ones, late or failed by us"
                    ),
                ),
                ("allowed", models.DecimalField(decimal_places=6, max_digits=20)),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.tenant",
                    ),
                ),
            ],
            options={
                "ordering": ["-day", "-id"],
                "indexes": [models.Index(fields=["day"], name="service_sum_day")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "day", "plan", "priority", "took"),
                        name="one_service_sum",
                    )
                ],
            },
        ),
        protect("jobs_servicesum"),
        migrations.RunSQL(JUDGED + BEFORE + SUM + MEANWHILE, UNSUMMED),
    ]
