from django.db import migrations, models

# Nobody changes the audit log or its seals, the tables' owner neither, who would first have to take
# the triggers away. Entries may be taken out by accounts_audit_prune alone.
APPEND_ONLY = """
CREATE FUNCTION accounts_audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND TG_TABLE_NAME = 'accounts_auditentry'
        AND current_setting('ocrsite.audit_prune', true) = 'on'
        AND current_user = (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = TG_RELID)
    THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the audit log is never changed' USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER accounts_auditentry_append_only
    BEFORE UPDATE OR DELETE ON accounts_auditentry
    FOR EACH ROW EXECUTE FUNCTION accounts_audit_append_only();
CREATE TRIGGER accounts_auditentry_no_truncate
    BEFORE TRUNCATE ON accounts_auditentry
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_audit_append_only();
CREATE TRIGGER accounts_auditseal_append_only
    BEFORE UPDATE OR DELETE ON accounts_auditseal
    FOR EACH ROW EXECUTE FUNCTION accounts_audit_append_only();
CREATE TRIGGER accounts_auditseal_no_truncate
    BEFORE TRUNCATE ON accounts_auditseal
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_audit_append_only();
"""
# Takes out sealed entries of before a time, at most `most` of them, and returns how many: the
# oldest of all, or those of an organisation that is gone (`whose`) but of the actions `kept`. The
# entry audit.prune says which, by the numbers of their seals in ranges. It has the owner's rights:
# whoever may call it can neither take out what is younger than 30 days nor leave no trace.
PRUNE = """
CREATE FUNCTION accounts_audit_prune(until timestamptz, whose uuid, kept text[], most integer)
RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    entries bigint[];
    numbers bigint[];
BEGIN
    IF whose IS NULL AND until > now() - interval '30 days' THEN
        RAISE EXCEPTION 'entries of the last 30 days are not taken out of the audit log'
            USING ERRCODE = 'restrict_violation';
    ELSIF EXISTS (SELECT FROM accounts_tenant WHERE id = whose)
        AND NOT accounts_is_leaving(whose)
    THEN
        RAISE EXCEPTION 'the organisation is still there' USING ERRCODE = 'restrict_violation';
    END IF;
    PERFORM pg_advisory_xact_lock(7363, 2);
    IF whose IS NULL THEN
        -- The first by their ids, then by time: so what there is beyond them is not looked through
        SELECT array_agg(id), array_agg(number) INTO entries, numbers FROM (
            SELECT id, at FROM accounts_auditentry
            WHERE action <> 'audit.prune' ORDER BY id LIMIT most
        ) AS oldest JOIN accounts_auditseal ON entry_id = id
        WHERE at < until;
    ELSE
        SELECT array_agg(id), array_agg(number) INTO entries, numbers FROM (
            SELECT id FROM accounts_auditentry
            WHERE tenant_id = whose AND at < until AND action <> ALL (kept) LIMIT most
        ) AS theirs JOIN accounts_auditseal ON entry_id = id;
    END IF;
    IF entries IS NULL THEN
        RETURN 0;
    END IF;
    PERFORM set_config('ocrsite.audit_prune', 'on', true);
    DELETE FROM accounts_auditentry WHERE id = ANY (entries);
    PERFORM set_config('ocrsite.audit_prune', '', true);
    INSERT INTO accounts_auditentry (at, actor, action, object_type, object_id, after)
    SELECT clock_timestamp(), 'system', 'audit.prune',
        CASE WHEN whose IS NULL THEN '' ELSE 'accounts.tenant' END, coalesce(whose::text, ''),
        jsonb_build_object(
            'before', until, 'entries', cardinality(entries),
            'numbers', jsonb_agg(jsonb_build_array(first, last) ORDER BY first)
        )
    FROM (
        SELECT min(number) AS first, max(number) AS last FROM (
            SELECT number, number - row_number() OVER (ORDER BY number) AS island
            FROM unnest(numbers) AS number
        ) AS each_number GROUP BY island
    ) AS ranges;
    RETURN cardinality(entries);
END
$$;

REVOKE EXECUTE ON FUNCTION accounts_audit_prune FROM PUBLIC;
"""
UNDONE = """
DROP FUNCTION accounts_audit_prune;
DROP TRIGGER accounts_auditentry_append_only ON accounts_auditentry;
DROP TRIGGER accounts_auditentry_no_truncate ON accounts_auditentry;
DROP TRIGGER accounts_auditseal_append_only ON accounts_auditseal;
DROP TRIGGER accounts_auditseal_no_truncate ON accounts_auditseal;
DROP FUNCTION accounts_audit_append_only;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0008_leaving"),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditSeal",
            fields=[
                ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                ("entry_id", models.BigIntegerField(unique=True)),
                ("digest", models.BinaryField(max_length=32)),
                ("hash", models.BinaryField(max_length=32)),
            ],
            options={
                "ordering": ["-number"],
            },
        ),
        migrations.RemoveIndex(
            model_name="auditentry",
            name="audit_newest",
        ),
        migrations.RemoveIndex(
            model_name="auditentry",
            name="audit_object",
        ),
        migrations.AddField(
            model_name="auditentry",
            name="request_id",
            field=models.CharField(
                blank=True, help_text="As in the answer's X-Request-ID.", max_length=64, null=True
            ),
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(fields=["tenant", "-at", "-id"], name="audit_newest"),
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(fields=["object_id", "-id"], name="audit_object"),
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(fields=["action", "tenant", "-at"], name="audit_action"),
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(fields=["address", "tenant", "-at"], name="audit_address"),
        ),
        migrations.RunSQL(APPEND_ONLY + PRUNE, UNDONE),
    ]
