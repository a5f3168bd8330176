"""What an organisation's documents get that come without a wish."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0022_first_steps"),
    ]

    operations = [
        migrations.AddField(
            model_name="tenant",
            name="default_cache",
            field=models.BooleanField(
                db_default=True,
                default=True,
                help_text="A document that was read before gets that result.",
            ),
        ),
        migrations.AddField(
            model_name="tenant",
            name="default_dpi",
            field=models.PositiveSmallIntegerField(
                blank=True, help_text="How finely PDF pages are rendered. Empty: 200.", null=True
            ),
        ),
        migrations.AddField(
            model_name="tenant",
            name="default_searchable_pdf",
            field=models.BooleanField(
                blank=True, help_text="Empty: made on pages, not through the API.", null=True
            ),
        ),
        migrations.AddField(
            model_name="tenant",
            name="default_split",
            field=models.BooleanField(
                db_default=False, default=False, help_text="Stapled documents are told apart."
            ),
        ),
        migrations.AddField(
            model_name="tenant",
            name="default_strip_furniture",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Headers, footers, page numbers are left out.",
            ),
        ),
        migrations.AddField(
            model_name="tenant",
            name="default_text_layer",
            field=models.CharField(
                choices=[
                    ("auto", "Used where it is sound"),
                    ("ignore", "Ignored, the picture is read"),
                    ("only", "Nothing else is used, no OCR"),
                ],
                db_default="auto",
                default="auto",
                max_length=10,
            ),
        ),
        migrations.AddConstraint(
            model_name="tenant",
            constraint=models.CheckConstraint(
                condition=models.Q(("default_text_layer__in", ["auto", "ignore", "only"])),
                name="default_text_layer_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="tenant",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("default_dpi", None), ("default_dpi__range", (72, 600)), _connector="OR"
                ),
                name="default_dpi_is_possible",
            ),
        ),
    ]
