"""
The database itself refuses time on a blocked customer, and on one that is being blocked.

On PostgreSQL the trigger holds the customer's row while it looks, and whoever blocks a customer
holds it too, so that neither can slip past the other. SQLite has one writer at a time anyway.

A later migration that makes SQLite build `payments_timeentry` again drops the trigger with the
old table: run `create` again at its end. `tests/payments/test_time_blocks.py` would tell.
"""

from django.db import migrations

_SQLITE = """
CREATE TRIGGER time_needs_an_unblocked_customer_{when}
BEFORE {event} ON payments_timeentry
WHEN EXISTS (
    SELECT 1 FROM payments_timeblock
    WHERE customer_id = NEW.customer_id AND lifted_at IS NULL
)
BEGIN
    SELECT RAISE(ABORT, 'customer_is_temporarily_blocked');
END
"""
_POSTGRESQL = """
CREATE FUNCTION time_needs_an_unblocked_customer() RETURNS trigger AS $$
BEGIN
    PERFORM 1 FROM payments_customer WHERE id = NEW.customer_id FOR SHARE;
    IF EXISTS (
        SELECT 1 FROM payments_timeblock
        WHERE customer_id = NEW.customer_id AND lifted_at IS NULL
    ) THEN
        RAISE EXCEPTION 'customer_is_temporarily_blocked' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$ LANGUAGE plpgsql;
CREATE TRIGGER time_needs_an_unblocked_customer
BEFORE INSERT OR UPDATE OF customer_id ON payments_timeentry
FOR EACH ROW EXECUTE FUNCTION time_needs_an_unblocked_customer();
"""


def create(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(_POSTGRESQL)
    else:
        schema_editor.execute(_SQLITE.format(when="insert", event="INSERT"))
        schema_editor.execute(_SQLITE.format(when="update", event="UPDATE OF customer_id"))


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            "DROP TRIGGER IF EXISTS time_needs_an_unblocked_customer ON payments_timeentry;"
            "DROP FUNCTION IF EXISTS time_needs_an_unblocked_customer();"
        )
    else:
        for when in ("insert", "update"):
            schema_editor.execute(f"DROP TRIGGER IF EXISTS time_needs_an_unblocked_customer_{when}")


class Migration(migrations.Migration):
    dependencies = [("payments", "0001_initial")]

    operations = [migrations.RunPython(create, drop)]
