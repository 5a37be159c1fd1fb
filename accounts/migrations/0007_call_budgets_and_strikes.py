"""Room for budgets of calls that all workers share, and for the strikes of a connection."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_right_to_undo")]

    operations = [
        migrations.CreateModel(
            name="CallBudget",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=200, unique=True)),
                ("next_at", models.FloatField(default=0.0)),
                ("paused_until", models.FloatField(default=0.0)),
                ("limit", models.PositiveIntegerField(null=True)),
                ("remaining", models.PositiveIntegerField(null=True)),
                ("reset_at", models.FloatField(default=0.0)),
                ("seen_at", models.DateTimeField()),
                ("version", models.PositiveIntegerField(default=0)),
            ],
        ),
        migrations.AddField(
            model_name="connection",
            name="strikes",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="connection",
            name="struck_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
