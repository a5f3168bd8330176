from django.db import migrations

# Revisions go with their job, with its result when that has expired, or with their organisation;
# that alone the trigger lets pass.
WITH_THE_TENANT = """
CREATE OR REPLACE FUNCTION jobs_fieldrevision_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND NOT EXISTS (
        SELECT FROM jobs_job
        WHERE id = OLD.job_id AND status <> 'expired' AND NOT accounts_is_leaving(tenant_id)
    ) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'revisions of fields are never changed' USING ERRCODE = 'restrict_violation';
END
$$;
"""
WITH_THE_RESULT = """
CREATE OR REPLACE FUNCTION jobs_fieldrevision_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND NOT EXISTS (
        SELECT FROM jobs_job WHERE id = OLD.job_id AND status <> 'expired'
    ) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'revisions of fields are never changed' USING ERRCODE = 'restrict_violation';
END
$$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0008_leaving"),
        ("jobs", "0015_row_security"),
    ]

    operations = [
        migrations.RunSQL(WITH_THE_TENANT, WITH_THE_RESULT),
    ]
