"""Give the built-in administrators the new right to reverse batches; all others start without."""

from django.db import migrations


def give(apps, schema_editor):
    for role in apps.get_model("accounts", "Role").objects.filter(
        built_in=True, name="Administrator"
    ):
        if "undo" not in role.rights:
            role.rights = role.rights | {"undo": "write"}
            role.save(update_fields=["rights"])


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_restores")]

    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
