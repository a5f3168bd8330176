from django.db import migrations

from accounts.row_policies import protect


class Migration(migrations.Migration):
    """After 0013 and apart from it: a table into which rows were just written is not altered."""

    dependencies = [
        ("accounts", "0014_signin"),
    ]

    operations = [
        protect("accounts_closing"),
        protect("accounts_closedusage"),
        protect("accounts_credit"),
        protect("accounts_credituse"),
        protect("accounts_invoice"),
        protect("accounts_subscription"),
        protect("accounts_usagesum"),
        protect("accounts_billingdetails"),
        protect("accounts_budget"),
    ]
