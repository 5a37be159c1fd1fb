"""B17: the first period of a mapping. Mappings from before stay without one: they sent all."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("mappings", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="mapping",
            name="first_period",
            field=models.CharField(blank=True, max_length=7, verbose_name="first period"),
        ),
    ]
