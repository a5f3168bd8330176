from django.db import migrations

from accounts.row_policies import protect


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_reserve"),
    ]

    operations = [
        protect("accounts_tenant", by="id"),
        protect("accounts_membership"),
        protect("accounts_apikey"),
        protect("accounts_auditentry"),
        protect("accounts_usagerecord"),
        protect("accounts_quotause"),
        protect("accounts_reservation"),
        protect("accounts_thresholdnotice"),
    ]
