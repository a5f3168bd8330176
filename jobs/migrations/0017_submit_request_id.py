from importlib import import_module

from django.db import migrations

BEFORE = import_module("jobs.migrations.0014_submit").SUBMIT.replace(
    "CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"
)
# and writes the entry's request_id too
SUBMIT = BEFORE.replace("        address\n    )", "        address, request_id\n    )").replace(
    "        after, address\n", "        after, address, request_id\n"
)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0009_audit"),
        ("jobs", "0016_departures"),
    ]

    operations = [
        migrations.RunSQL(SUBMIT, BEFORE),
    ]
