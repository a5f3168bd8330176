from django.db import migrations, models

# Revisions go with their job, or with its result when that has expired; that alone the trigger
# lets pass.
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
WITH_THE_JOB = """
CREATE OR REPLACE FUNCTION jobs_fieldrevision_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND NOT EXISTS (SELECT FROM jobs_job WHERE id = OLD.job_id) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'revisions of fields are never changed' USING ERRCODE = 'restrict_violation';
END
$$;
"""
# Of earlier jobs the uploads alone were counted, and the sizes of their other files are not known:
# with these numbers the counters of the organisations stay right.
STORED = """
UPDATE jobs_job SET stored_bytes = jobs_storedfile.size
FROM jobs_storedfile WHERE jobs_storedfile.id = jobs_job.file_id
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_retention"),
        ("jobs", "0012_same_document_again"),
    ]

    operations = [
        migrations.AddField(
            model_name="job",
            name="delivered_at",
            field=models.DateTimeField(
                blank=True, help_text="of a result that goes with its first delivery", null=True
            ),
        ),
        migrations.AddField(
            model_name="job",
            name="expires_at",
            field=models.DateTimeField(blank=True, help_text="known from its end on", null=True),
        ),
        migrations.AddField(
            model_name="job",
            name="pdf_bytes",
            field=models.PositiveBigIntegerField(default=0, help_text="of the searchable PDF"),
        ),
        migrations.AddField(
            model_name="job",
            name="retention_hours",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="kept for after its end; 0: until its first delivery, empty: until deleted",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="job",
            name="stored_bytes",
            field=models.PositiveBigIntegerField(
                default=0, help_text="of the upload, from the end on of all its files; 0: removed"
            ),
        ),
        migrations.AddField(
            model_name="page",
            name="preview_bytes",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AlterField(
            model_name="job",
            name="status",
            field=models.CharField(
                choices=[
                    ("queued", "Queued"),
                    ("running", "Running"),
                    ("succeeded", "Succeeded"),
                    ("partial", "Partial"),
                    ("failed", "Failed"),
                    ("cancelled", "Cancelled"),
                    ("expired", "Expired"),
                ],
                default="queued",
                max_length=10,
            ),
        ),
        migrations.RunSQL(STORED, migrations.RunSQL.noop),
        migrations.RunSQL(WITH_THE_RESULT, WITH_THE_JOB),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(
                condition=models.Q(("expires_at__isnull", False), ("stored_bytes__gt", 0)),
                fields=["expires_at"],
                name="job_expires",
            ),
        ),
    ]
