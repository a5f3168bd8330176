from django.db import migrations, models

# What operators do is in the audit log. Django's own log of it, which nothing writes any more, kept
# names of organisations that are gone.
WITHOUT_NAMES = "UPDATE django_admin_log SET object_repr = '', change_message = ''"


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0016_removed_documents"),
        ("admin", "0003_logentry_add_action_flag_choices"),
    ]

    operations = [
        migrations.AddField(
            model_name="departure",
            name="was_active",
            field=models.BooleanField(
                db_default=True, help_text="and is again if it is called off"
            ),
        ),
        migrations.RunSQL(WITHOUT_NAMES, migrations.RunSQL.noop),
    ]
