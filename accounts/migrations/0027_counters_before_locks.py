from importlib import import_module

from django.db import migrations

BEFORE = import_module("accounts.migrations.0013_billing").RESERVE
MAKE = """        INSERT INTO accounts_quotause (tenant_id, period, used, reserved)
        SELECT owner, period, 0, 0 FROM unnest(periods) AS period ORDER BY period
        ON CONFLICT DO NOTHING;
"""
# Counters that are not there yet, a new day's, are made before any is locked. Made with some locked
# they are locked out of order: who then waits for the new ones may be waited for by one that began
# later, saw them all and locked them in order. One of the two was ended, as a deadlock.
LACKING = """
        IF (
            SELECT count(*) FROM accounts_quotause WHERE tenant_id = owner AND period = ANY(periods)
        ) < 5 THEN
"""
RESERVE = BEFORE.replace(MAKE, "").replace(
    "    LOOP\n", f"    LOOP{LACKING}{MAKE}        END IF;\n"
)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0026_service_levels"),
    ]

    operations = [
        migrations.RunSQL(RESERVE, BEFORE),
    ]
