from django.conf import settings
from django.db import migrations, models

# As jobs.review does from now on: 0 where a field is missing, else the least of those named
FILLED = """
SET LOCAL ocrsite.tenant = '*';
UPDATE jobs_review review SET confidence = coalesce((
    SELECT min(coalesce(found.confidence, 0))
    FROM jsonb_array_elements(review.reasons) reason
    JOIN jobs_fieldvalue found ON found.job_id = review.job_id
        AND found.name = reason->>'field'
        AND found.document IS NOT DISTINCT FROM (reason->>'document')::int
), 0)
WHERE NOT review.reasons @> '[{"code": "missing"}]';
UPDATE jobs_review review SET template = split_part(job.template, '@', 1)
FROM jobs_job job WHERE job.id = review.job_id AND job.template <> '';
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0019_training_quota"),
        ("jobs", "0022_job_sums"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="review",
            name="confidence",
            field=models.FloatField(
                default=0,
                help_text="least one of the fields that the reasons name; 0: one is missing",
            ),
        ),
        migrations.AddField(
            model_name="review",
            name="taken_at",
            field=models.DateTimeField(
                blank=True, help_text="kept when confirmed: how long it took", null=True
            ),
        ),
        migrations.AddField(
            model_name="review",
            name="template",
            field=models.CharField(
                blank=True,
                default="",
                help_text="the job's by its name alone, empty for none or several",
                max_length=80,
            ),
            preserve_default=False,
        ),
        migrations.RunSQL(FILLED, migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name="review",
            index=models.Index(
                condition=models.Q(("status", "open")),
                fields=["tenant", "confidence", "job"],
                name="review_least_sure",
            ),
        ),
        migrations.AddIndex(
            model_name="review",
            index=models.Index(
                condition=models.Q(("status", "confirmed")),
                fields=["tenant", "confirmed_by", "confirmed_at"],
                name="review_done_by",
            ),
        ),
    ]
