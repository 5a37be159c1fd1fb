"""
On PostgreSQL an event holds its client, and no longer each invoice and each payment that it names.

A page of 500 payments locked 900 rows: a write to the table and to the log for each. It now locks
the row of the client, and whoever deletes an invoice, a payment or an event, or changes what they
are named by, waits for that client first. So nothing that an event names goes away before the
event is committed, and whoever waited sees the event and is refused.

The three foreign keys of an event that were left, all mostly empty (`credit_note`, `undoes`,
`made_by`), were looked at for each event when it was committed; they are checked for all rows of a
statement with the others, and more is refused: the credit note and the event that is undone must
be of the same client.

Nothing is rewritten; the tables are locked for the moment that it takes, `organisations_user` too.
SQLite keeps its foreign keys.
"""

from django.db import migrations

_DROP_FOREIGN_KEYS = """
DO $$
DECLARE one record;
BEGIN
    FOR one IN
        SELECT conname FROM pg_constraint
        WHERE contype = 'f' AND conrelid = 'payments_settlement'::regclass
    LOOP
        EXECUTE format('ALTER TABLE payments_settlement DROP CONSTRAINT %I', one.conname);
    END LOOP;
END $$;
"""
# The client comes first: what is read after it is held stays as it is until the transaction ends.
# Each statement sees what was committed before it, in READ COMMITTED; so nothing else is taken.
_MISSING = {
    "client or organisation": """
        SELECT FROM (SELECT DISTINCT client_id, organisation_id FROM written) AS named
        WHERE (
            SELECT client.organisation_id = named.organisation_id
            FROM payments_invoiceclient AS client WHERE client.id = named.client_id
            FOR KEY SHARE
        ) IS NOT TRUE""",
    "run": """
        SELECT FROM (SELECT DISTINCT run_id FROM written) AS named
        WHERE run_id IS NOT NULL AND NOT EXISTS (
            SELECT FROM payments_fetchrun AS run WHERE run.id = named.run_id
            FOR KEY SHARE
        )""",
    "invoice of that client": """
        SELECT FROM written WHERE (
            SELECT invoice.client_id = written.client_id
                AND invoice.organisation_id = written.organisation_id
            FROM payments_invoice AS invoice WHERE invoice.id = written.invoice_id
        ) IS NOT TRUE""",
    "payment of that client": """
        SELECT FROM written WHERE payment_id IS NOT NULL AND (
            SELECT payment.client_id = written.client_id
            FROM payments_payment AS payment WHERE payment.id = written.payment_id
        ) IS NOT TRUE""",
    "credit note of that client": """
        SELECT FROM written WHERE credit_note_id IS NOT NULL AND (
            SELECT invoice.client_id = written.client_id
            FROM payments_invoice AS invoice WHERE invoice.id = written.credit_note_id
        ) IS NOT TRUE""",
    "event of that client": """
        SELECT FROM written WHERE undoes_id IS NOT NULL AND (
            SELECT undone.client_id = written.client_id
            FROM payments_settlement AS undone WHERE undone.id = written.undoes_id
        ) IS NOT TRUE""",
    "user": """
        SELECT FROM (SELECT DISTINCT made_by_id FROM written) AS named
        WHERE made_by_id IS NOT NULL AND NOT EXISTS (
            SELECT FROM organisations_user AS person WHERE person.id = named.made_by_id
            FOR KEY SHARE
        )""",
}
# A plan is kept: one that was made while the tables were empty must be good when they are full.
_WRITTEN = """
CREATE OR REPLACE FUNCTION payments_settlement_names_what_is_there() RETURNS trigger AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'rows of payments_settlement are written in READ COMMITTED only';
    END IF;
{checks}
    RETURN NULL;
END
$$ LANGUAGE plpgsql SET enable_seqscan TO off;
"""
_CHECK = """
    IF EXISTS ({missing}) THEN
        RAISE EXCEPTION 'payments_settlement names no {what} that is there'
            USING ERRCODE = 'foreign_key_violation';
    END IF;
"""
_WAITS = """
CREATE FUNCTION payments_waits_for_its_client() RETURNS trigger AS $$
BEGIN
    PERFORM FROM payments_invoiceclient WHERE id = OLD.client_id FOR UPDATE;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    RETURN NEW;
END
$$ LANGUAGE plpgsql;
"""
_WAITS_OF = """
CREATE TRIGGER goes_when_its_client_is_free BEFORE DELETE ON {table}
FOR EACH ROW EXECUTE FUNCTION payments_waits_for_its_client();

CREATE TRIGGER changes_when_its_client_is_free BEFORE UPDATE OF {columns} ON {table}
FOR EACH ROW WHEN (({old}) IS DISTINCT FROM ({new}))
EXECUTE FUNCTION payments_waits_for_its_client();
"""
_NAMED_OF = """
DROP TRIGGER IF EXISTS stays_while_it_is_named ON {table};
DROP TRIGGER IF EXISTS keeps_what_it_is_named_by ON {table};

CREATE CONSTRAINT TRIGGER stays_while_it_is_named AFTER DELETE ON {table}
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
EXECUTE FUNCTION payments_stays_while_it_is_named({by});

CREATE CONSTRAINT TRIGGER keeps_what_it_is_named_by AFTER UPDATE OF {columns} ON {table}
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (({old}) IS DISTINCT FROM ({new}))
EXECUTE FUNCTION payments_stays_while_it_is_named({by});
"""
_WAITING = {
    "payments_invoice": ["id", "client_id", "organisation_id"],
    "payments_payment": ["id", "client_id"],
    "payments_settlement": ["id", "client_id"],
}
"""What of these rows events name."""
_NAMED_BY = {
    "payments_invoice": (_WAITING["payments_invoice"], ["invoice_id", "credit_note_id"]),
    "payments_settlement": (_WAITING["payments_settlement"], ["undoes_id"]),
    "organisations_user": (["id"], ["made_by_id"]),
}
"""What of a row events name, and by which columns: those that are new to it."""


def _both(columns):
    return {
        "columns": ", ".join(columns),
        "old": ", ".join(f"OLD.{column}" for column in columns),
        "new": ", ".join(f"NEW.{column}" for column in columns),
    }


def create(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    checks = "".join(_CHECK.format(what=what, missing=sql) for what, sql in _MISSING.items())
    words = [_DROP_FOREIGN_KEYS, _WRITTEN.format(checks=checks), _WAITS]
    words += [
        _WAITS_OF.format(table=table, **_both(columns)) for table, columns in _WAITING.items()
    ]
    words += [
        _NAMED_OF.format(
            table=table,
            by=", ".join(f"payments_settlement, {name}" for name in names),
            **_both(columns),
        )
        for table, (columns, names) in _NAMED_BY.items()
    ]
    for sql in words:
        schema_editor.execute(sql, params=None)  # a % in it is its own


class Migration(migrations.Migration):
    dependencies = [
        ('organisations', '0001_initial'),
        ('accounts', '0001_initial'),
        ("payments", "0005_fewer_indexes_on_events"),
    ]

    operations = [migrations.RunPython(create)]
