"""Since when a lease is held. A column that may be empty: no row is written."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0009_answer_of_a_refresh"),
    ]

    operations = [
        migrations.AddField(
            model_name="lease",
            name="taken_at",
            field=models.DateTimeField(null=True),
        ),
    ]
