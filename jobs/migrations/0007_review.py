import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.comparison
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

# Revisions are never changed. They go with their job: PostgreSQL's cascade deletes them when the
# job's row is gone already, and that alone the trigger lets pass.
APPEND_ONLY = """
ALTER TABLE jobs_fieldrevision ADD CONSTRAINT jobs_fieldrevision_of_job
    FOREIGN KEY (job_id) REFERENCES jobs_job (id) ON DELETE CASCADE;

CREATE FUNCTION jobs_fieldrevision_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND NOT EXISTS (SELECT FROM jobs_job WHERE id = OLD.job_id) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'revisions of fields are never changed' USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER jobs_fieldrevision_append_only
    BEFORE UPDATE OR DELETE ON jobs_fieldrevision
    FOR EACH ROW EXECUTE FUNCTION jobs_fieldrevision_append_only();
"""
UNDONE = """
DROP TRIGGER jobs_fieldrevision_append_only ON jobs_fieldrevision;
DROP FUNCTION jobs_fieldrevision_append_only();
ALTER TABLE jobs_fieldrevision DROP CONSTRAINT jobs_fieldrevision_of_job;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("jobs", "0006_templates"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="FieldRevision",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                (
                    "document",
                    models.PositiveIntegerField(
                        blank=True, help_text="the part of a split file, from 1", null=True
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(help_text="of the field, from 1; as read is 0"),
                ),
                (
                    "action",
                    models.CharField(
                        choices=[
                            ("corrected", "Corrected"),
                            ("confirmed", "Confirmed"),
                            ("absent", "Absent"),
                        ],
                        max_length=10,
                    ),
                ),
                ("label", models.CharField(max_length=200)),
                ("kind", models.CharField(max_length=50)),
                ("raw", models.TextField(blank=True)),
                ("value", models.JSONField(null=True)),
                ("page", models.PositiveIntegerField(null=True)),
                (
                    "box",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.FloatField(), null=True, size=4
                    ),
                ),
                ("grounded", models.BooleanField(default=False)),
                ("checks", models.JSONField(default=dict)),
                (
                    "notes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=100), default=list, size=None
                    ),
                ),
                (
                    "comment",
                    models.CharField(
                        blank=True, help_text="why, in the person's words", max_length=500
                    ),
                ),
                ("at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "actor",
                    models.CharField(help_text="the actor's name at the time", max_length=300),
                ),
                (
                    "api_key",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="accounts.apikey",
                    ),
                ),
                (
                    "job",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="revisions",
                        to="jobs.job",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        models.F("job"),
                        models.F("name"),
                        django.db.models.functions.comparison.Coalesce("document", 0),
                        models.F("version"),
                        name="one_revision_a_version",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Review",
            fields=[
                (
                    "job",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="review",
                        serialize=False,
                        to="jobs.job",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("open", "Open"), ("confirmed", "Confirmed")],
                        default="open",
                        max_length=10,
                    ),
                ),
                (
                    "reasons",
                    models.JSONField(default=list, help_text="as extraction.fields.review.Reason"),
                ),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
                ),
                ("taken_until", models.DateTimeField(blank=True, null=True)),
                (
                    "confirmed_by",
                    models.CharField(blank=True, help_text="name at the time", max_length=300),
                ),
                ("confirmed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "confirmed_version",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="revisions of the job's fields at that moment",
                        null=True,
                    ),
                ),
                (
                    "taken_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "taken_key",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="accounts.apikey",
                    ),
                ),
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
                "indexes": [models.Index(fields=["tenant", "status", "job"], name="review_queue")],
            },
        ),
        migrations.RunSQL(APPEND_ONLY, UNDONE),
    ]
