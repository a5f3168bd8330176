from importlib import import_module

from django.db import migrations

# Training has a price where the plan's terms name one for it: no other engine's, none for overage,
# and no included pages cover it
PRICE_BEFORE = import_module("jobs.migrations.0020_own_engines").PRICE
PRICE = PRICE_BEFORE
for old, new in (
    (
        "CASE WHEN coalesce(price.covered, true)",
        "CASE WHEN its_engine = 'training' THEN coalesce(price.price, 0)\n"
        "            WHEN coalesce(price.covered, true)",
    ),
    (
        "        coalesce(price.covered, true),\n",
        "        its_engine <> 'training' AND coalesce(price.covered, true),\n",
    ),
    (
        "), its_engine), '*')",
        "), its_engine), CASE WHEN its_engine = 'training' THEN its_engine ELSE '*' END)",
    ),
):
    assert old in PRICE
    PRICE = PRICE.replace(old, new)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0021_price_of_training"),
        ("jobs", "0020_own_engines"),
        ("learning", "0001_initial"),
    ]

    operations = [
        migrations.RemoveField(model_name="trainingrun", name="quota_month"),
        migrations.RunSQL(PRICE, PRICE_BEFORE),
    ]
