import django.contrib.postgres.fields
import django.utils.timezone
from django.db import migrations, models

from accounts.row_policies import protect

# The ledger is never changed. It goes as a whole, with its organisation, when that is being deleted
# and the time for it has come.
WITH_THE_TENANT = """
CREATE FUNCTION accounts_is_leaving(tenant uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM accounts_departure
        WHERE tenant_id = tenant AND due_at <= statement_timestamp()
    )
$$;

CREATE OR REPLACE FUNCTION accounts_usagerecord_append_only() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND TG_LEVEL = 'ROW' THEN
        IF accounts_is_leaving(OLD.tenant_id) THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION 'the usage ledger is never changed' USING ERRCODE = 'restrict_violation';
END
$$;
"""
NEVER = """
CREATE OR REPLACE FUNCTION accounts_usagerecord_append_only() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the usage ledger is never changed' USING ERRCODE = 'restrict_violation';
END
$$;

DROP FUNCTION accounts_is_leaving(uuid);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_invitations"),
    ]

    operations = [
        migrations.CreateModel(
            name="Departure",
            fields=[
                ("tenant_id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                (
                    "name",
                    models.CharField(help_text="of the organisation", max_length=200),
                ),
                (
                    "requested_by",
                    models.CharField(help_text="the actor's name at the time", max_length=300),
                ),
                (
                    "owners",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.EmailField(max_length=254),
                        default=list,
                        help_text="who are told",
                        size=None,
                    ),
                ),
                (
                    "requested_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
                ),
                ("due_at", models.DateTimeField(help_text="nothing is removed before")),
                ("step", models.CharField(help_text="what is to be done next", max_length=20)),
                (
                    "keeps_ledger",
                    models.BooleanField(default=False, help_text="until its time has come, too"),
                ),
                (
                    "done_at",
                    models.DateTimeField(blank=True, help_text="but for what is kept", null=True),
                ),
                ("removed", models.JSONField(default=dict, help_text="rows by table")),
                ("files", models.PositiveBigIntegerField(default=0, help_text="removed")),
                ("bytes", models.PositiveBigIntegerField(default=0, help_text="of them")),
                (
                    "documents",
                    models.CharField(
                        blank=True,
                        help_text="SHA-256 over the documents' SHA-256, by their ids",
                        max_length=64,
                    ),
                ),
            ],
            options={"ordering": ["requested_at"]},
        ),
        protect("accounts_departure"),
        migrations.RunSQL(WITH_THE_TENANT, NEVER),
        migrations.AddField(
            model_name="apikey",
            name="pepper",
            field=models.CharField(
                blank=True,
                default="",
                help_text="names what it is hashed under; empty: not known yet",
                max_length=8,
            ),
            preserve_default=False,
        ),
    ]
