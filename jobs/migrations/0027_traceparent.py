from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0026_service_sums"),
    ]

    operations = [
        migrations.AddField(
            model_name="job",
            name="traceparent",
            field=models.CharField(
                editable=False,
                help_text="the span that it was submitted in",
                max_length=55,
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="delivery",
            name="traceparent",
            field=models.CharField(
                editable=False,
                help_text="the span in which it happened",
                max_length=55,
                null=True,
            ),
        ),
    ]
