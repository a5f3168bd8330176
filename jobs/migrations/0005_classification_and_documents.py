from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0004_extraction"),
    ]

    operations = [
        migrations.AddField(
            model_name="fieldvalue",
            name="document",
            field=models.PositiveIntegerField(
                blank=True, help_text="the part of a split file, from 1", null=True
            ),
        ),
        migrations.AddField(
            model_name="job",
            name="classification",
            field=models.JSONField(
                blank=True, help_text="as in the JSON result; null until the end", null=True
            ),
        ),
        migrations.AddField(
            model_name="job",
            name="documents",
            field=models.JSONField(
                blank=True,
                default=list,
                help_text="the parts of a split file, without their fields",
            ),
        ),
    ]
