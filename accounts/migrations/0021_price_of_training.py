import re
from importlib import import_module

from django.db import migrations, models

# How many units of its price a row of the ledger is charged: pages beyond the included ones, or
# begun seconds of a training that did not fail.
CHARGED = """
CREATE FUNCTION accounts_charged(
    engine text, pages integer, included integer, seconds double precision, outcome text
) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN engine <> 'training' THEN pages - included
        WHEN outcome = 'failed' THEN 0 ELSE ceil(seconds)::integer END
$$;
"""
_found = re.search(
    r"CREATE FUNCTION accounts_sum_usage.*?\$\$;",
    import_module("accounts.migrations.0013_billing").SUM,
    re.S,
)
assert _found is not None
SUM_BEFORE = _found.group().replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
SUM = SUM_BEFORE.replace(
    "(NEW.pages - NEW.included) * NEW.unit_price",
    "accounts_charged(\n"
    "            NEW.engine, NEW.pages, NEW.included, NEW.compute_seconds, NEW.outcome\n"
    "        ) * NEW.unit_price",
)
assert SUM != SUM_BEFORE


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0020_console_tokens"),
    ]

    operations = [
        migrations.AddField(
            model_name="reservation",
            name="seconds",
            field=models.PositiveIntegerField(
                db_default=0, default=0, help_text="of training, kept for a run"
            ),
        ),
        migrations.RunSQL(CHARGED, "DROP FUNCTION accounts_charged;"),
        migrations.RunSQL(SUM, SUM_BEFORE),
    ]
