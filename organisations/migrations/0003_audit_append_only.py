"""
The database itself refuses to change or delete entries of the audit trail.

A migration that makes SQLite build the table anew loses its triggers: such a one must run
`refuse_changes` again (a test notices).
"""

from django.db import migrations

TABLE = "organisations_auditentry"
WORDS = "Audit entries are never changed or deleted."


def refuse_changes(apps, schema_editor):
    """Make the triggers."""
    if schema_editor.connection.vendor == "sqlite":
        for name, event in (("changed", "UPDATE"), ("deleted", "DELETE")):
            schema_editor.execute(
                f"CREATE TRIGGER audit_is_never_{name} BEFORE {event} ON {TABLE} "
                f"BEGIN SELECT RAISE(ABORT, '{WORDS}'); END"
            )
        return
    schema_editor.execute(
        "CREATE OR REPLACE FUNCTION audit_refuses() RETURNS trigger LANGUAGE plpgsql AS $$ "
        f"BEGIN RAISE EXCEPTION '{WORDS}' USING ERRCODE = 'integrity_constraint_violation'; "
        "END $$"
    )
    schema_editor.execute(
        f"CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE ON {TABLE} "
        "FOR EACH ROW EXECUTE FUNCTION audit_refuses()"
    )


def allow_changes(apps, schema_editor):
    """Take the triggers away."""
    if schema_editor.connection.vendor == "sqlite":
        for name in ("changed", "deleted"):
            schema_editor.execute(f"DROP TRIGGER IF EXISTS audit_is_never_{name}")
        return
    schema_editor.execute(f"DROP TRIGGER IF EXISTS audit_is_append_only ON {TABLE}")
    schema_editor.execute("DROP FUNCTION IF EXISTS audit_refuses()")


class Migration(migrations.Migration):

    dependencies = [
        ('organisations', '0001_initial'),
    ]

    operations = [
        migrations.RunPython(refuse_changes, allow_changes),
    ]
