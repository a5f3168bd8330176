"""Members hide the first steps."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0021_price_of_training")]

    operations = [
        migrations.AddField(
            model_name="membership",
            name="steps_hidden_at",
            field=models.DateTimeField(
                blank=True,
                editable=False,
                help_text="when they had enough of the first steps",
                null=True,
            ),
        ),
    ]
