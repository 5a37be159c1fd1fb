"""
The database itself refuses to change or delete entries of the audit trail, and the ways around it.

Beside UPDATE and DELETE: a row put in place of another one (SQLite's INSERT OR REPLACE fires no
trigger of DELETE), a row put between others, TRUNCATE, triggers left out for a session
(`session_replication_role`), and a time other than now.

A migration that makes SQLite build the table again loses its triggers: such a one must run
`refuse_changes` again (a test notices).
"""

from django.db import migrations

TABLE = "audit_auditentry"
WORDS = "Audit entries are never changed or deleted."
NOT_NOW = "Audit entries are made now, by the clock of the database."
MINUTES = 10
"""How far the clocks of a web process and of the database may be apart."""

SQLITE = {
    "audit_is_never_changed": (
        f"BEFORE UPDATE ON {TABLE} BEGIN SELECT RAISE(ABORT, '{WORDS}'); END"
    ),
    "audit_is_never_deleted": (
        f"BEFORE DELETE ON {TABLE} BEGIN SELECT RAISE(ABORT, '{WORDS}'); END"
    ),
    "audit_is_never_replaced": (
        f"BEFORE INSERT ON {TABLE} WHEN EXISTS (SELECT 1 FROM {TABLE} WHERE id = NEW.id) "
        f"BEGIN SELECT RAISE(ABORT, '{WORDS}'); END"
    ),
    # After the insertion, since the number is not known before it.
    "audit_is_never_put_between": (
        f"AFTER INSERT ON {TABLE} WHEN NEW.id < 1 "
        f"OR NEW.id < (SELECT MAX(id) FROM {TABLE}) "
        "BEGIN SELECT RAISE(ABORT, 'Audit entries are added at the end.'); END"
    ),
    # A time that is none gives NULL, which is not now either.
    "audit_is_never_dated_otherwise": (
        f"BEFORE INSERT ON {TABLE} "
        f"WHEN COALESCE(ABS(julianday(NEW.at) - julianday('now')) * 1440 > {MINUTES}, 1) "
        f"BEGIN SELECT RAISE(ABORT, '{NOT_NOW}'); END"
    ),
}
IS_NOW = f"""
CREATE OR REPLACE FUNCTION audit_is_now() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog AS $$
BEGIN
    IF NEW.at IS NULL OR abs(extract(epoch FROM NEW.at - clock_timestamp())) > {MINUTES} * 60
    THEN RAISE EXCEPTION $words${NOT_NOW}$words$
        USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$
"""
REFUSES = f"""
CREATE OR REPLACE FUNCTION audit_refuses() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog AS $$
BEGIN
    RAISE EXCEPTION '{WORDS}' USING ERRCODE = 'integrity_constraint_violation';
END $$
"""
POSTGRESQL = (
    REFUSES,
    IS_NOW,
    f"CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE ON {TABLE} "
    "FOR EACH ROW EXECUTE FUNCTION audit_refuses()",
    f"CREATE TRIGGER audit_is_never_truncated BEFORE TRUNCATE ON {TABLE} "
    "FOR EACH STATEMENT EXECUTE FUNCTION audit_refuses()",
    f"CREATE TRIGGER audit_is_never_dated_otherwise BEFORE INSERT ON {TABLE} "
    "FOR EACH ROW EXECUTE FUNCTION audit_is_now()",
    *(
        f"ALTER TABLE {TABLE} ENABLE ALWAYS TRIGGER {name}"
        for name in (
            "audit_is_append_only",
            "audit_is_never_truncated",
            "audit_is_never_dated_otherwise",
        )
    ),
)


def refuse_changes(apps, schema_editor):
    """Make the triggers."""
    if schema_editor.connection.vendor == "sqlite":
        for name, rest in SQLITE.items():
            schema_editor.execute(f"CREATE TRIGGER {name} {rest}")
        return
    for statement in POSTGRESQL:
        schema_editor.execute(statement)


def allow_changes(apps, schema_editor):
    """Take the triggers away."""
    if schema_editor.connection.vendor == "sqlite":
        for name in SQLITE:
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {name}")
        return
    for name in ("audit_is_append_only", "audit_is_never_truncated", "audit_is_never_dated_otherwise"):
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {name} ON {TABLE}")
    schema_editor.execute("DROP FUNCTION IF EXISTS audit_refuses()")
    schema_editor.execute("DROP FUNCTION IF EXISTS audit_is_now()")


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0001_initial'),
    ]

    operations = [
        migrations.RunPython(refuse_changes, allow_changes),
    ]
