from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_quotas"),
    ]

    operations = [
        migrations.AddField(
            model_name="tenant",
            name="retention_hours",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="Files and results stay so long after a job's end, where the job does not say; 0: until their first download. Empty: this installation's default. Never more than the plan's.",
                null=True,
            ),
        ),
    ]
