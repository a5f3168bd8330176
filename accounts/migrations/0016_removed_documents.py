from django.db import migrations, models

# Documents that go with their organisation: what is left of a series is then still without gaps.
# Series are locked in one order, so that two organisations may go at once.
COUNT = """
CREATE FUNCTION accounts_count_removed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM accounts_numberseries AS kept
    WHERE (kept.series, kept.year) IN (SELECT series, year FROM gone)
    ORDER BY kept.id FOR NO KEY UPDATE;
    UPDATE accounts_numberseries AS kept SET removed = kept.removed + added.documents
    FROM (SELECT series, year, count(*) AS documents FROM gone GROUP BY 1, 2) AS added
    WHERE kept.series = added.series AND kept.year = added.year;
    RETURN NULL;
END
$$;

CREATE TRIGGER accounts_invoice_removed
    AFTER DELETE ON accounts_invoice REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_count_removed();

CREATE OR REPLACE TRIGGER accounts_invoice_fixed
    BEFORE UPDATE OR DELETE ON accounts_invoice FOR EACH ROW EXECUTE FUNCTION
    accounts_is_fixed('status', 'payment', 'payment_reference', 'paid_at');
"""
UNCOUNTED = """
DROP TRIGGER accounts_invoice_removed ON accounts_invoice;
DROP FUNCTION accounts_count_removed();
CREATE OR REPLACE TRIGGER accounts_invoice_fixed
    BEFORE UPDATE OR DELETE ON accounts_invoice FOR EACH ROW EXECUTE FUNCTION
    accounts_is_fixed('status', 'payment', 'payment_reference', 'payment_url', 'paid_at');
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0015_protect_billing"),
    ]

    operations = [
        migrations.AddField(
            model_name="numberseries",
            name="removed",
            field=models.PositiveIntegerField(
                db_default=0,
                default=0,
                editable=False,
                help_text="documents of deleted organisations",
            ),
        ),
        migrations.RemoveField(model_name="invoice", name="payment_url"),
        migrations.RunSQL(COUNT, UNCOUNTED),
    ]
