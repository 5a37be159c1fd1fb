"""
PostgreSQL looks once for each page that the rows which payments and their events name are there.

A foreign key looks once for each row and key: eight times for a payment and its event, half of
what the server did for a page. The keys that every row gets are given up for triggers that do the
same for all rows of a statement, and refuse more: client and organisation must belong together,
and an event must belong to the client of its invoice and of its payment. As a foreign key does,
they hold the rows that were named until the transaction ends, and those refuse to go while they
are named. docs/decisions/keys-checked-by-the-page.md says what was given up, and what was not.

SQLite keeps its foreign keys, for which it does next to nothing. The models say the same as ever;
a later migration that alters one of these keys makes the foreign key anew on PostgreSQL, and does
no harm. Nothing is rewritten; both tables are locked for the moment that it takes.
"""

from django.db import migrations

_COLUMNS = {
    "payments_payment": ("organisation_id", "client_id", "first_run_id"),
    "payments_settlement": ("organisation_id", "client_id", "run_id", "invoice_id", "payment_id"),
}
_DROP = """
DO $$
DECLARE one record;
BEGIN
    FOR one IN
        SELECT conname FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid
        WHERE contype = 'f' AND conrelid = '{table}'::regclass
            AND conkey = ARRAY[attnum]::smallint[] AND attname IN ({columns})
    LOOP
        EXECUTE format('ALTER TABLE {table} DROP CONSTRAINT %I', one.conname);
    END LOOP;
END $$;
"""
# What is read FOR KEY SHARE waits for whoever deletes it, and whoever comes to delete it waits.
# All but the primary key is compared after the row is found: no other index may be thought better.
_MISSING = {
    "payments_payment": {
        "client or organisation": """
            SELECT FROM (SELECT DISTINCT client_id, organisation_id FROM written) AS named
            WHERE (
                SELECT client.organisation_id = named.organisation_id
                FROM payments_invoiceclient AS client WHERE client.id = named.client_id
                FOR KEY SHARE
            ) IS NOT TRUE""",
        "run": """
            SELECT FROM (SELECT DISTINCT first_run_id FROM written) AS named
            WHERE first_run_id IS NOT NULL AND NOT EXISTS (
                SELECT FROM payments_fetchrun AS run WHERE run.id = named.first_run_id
                FOR KEY SHARE
            )""",
    },
    "payments_settlement": {
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
                FOR KEY SHARE
            ) IS NOT TRUE""",
        "payment of that client": """
            SELECT FROM written WHERE payment_id IS NOT NULL AND (
                SELECT payment.client_id = written.client_id
                FROM payments_payment AS payment WHERE payment.id = written.payment_id
                FOR KEY SHARE
            ) IS NOT TRUE""",
    },
}
_NAMED_BY = {
    "payments_invoiceclient": ("id, organisation_id", ["client_id"]),
    "payments_fetchrun": ("id", ["run_id", "first_run_id"]),
    "payments_invoice": ("id, client_id, organisation_id", ["invoice_id"]),
    "payments_payment": ("id, client_id", ["payment_id"]),
}
"""What of a row others name, and by which columns."""

# A plan is kept: one that was made while the tables were empty must be good when they are full.
_WRITTEN = """
CREATE FUNCTION {table}_names_what_is_there() RETURNS trigger AS $$
BEGIN
{checks}
    RETURN NULL;
END
$$ LANGUAGE plpgsql SET enable_seqscan TO off;

CREATE TRIGGER names_what_is_there AFTER INSERT ON {table}
REFERENCING NEW TABLE AS written FOR EACH STATEMENT
EXECUTE FUNCTION {table}_names_what_is_there();

CREATE TRIGGER still_names_what_is_there AFTER UPDATE ON {table}
REFERENCING NEW TABLE AS written FOR EACH STATEMENT
EXECUTE FUNCTION {table}_names_what_is_there();
"""
_CHECK = """
    IF EXISTS ({missing}) THEN
        RAISE EXCEPTION '{table} names no {what} that is there'
            USING ERRCODE = 'foreign_key_violation';
    END IF;
"""
# Deferred as the foreign keys were: within a transaction the order of deletions is free. It must
# see what was committed while it waited, so it refuses to work on an older picture.
_NAMED = """
CREATE FUNCTION payments_stays_while_it_is_named() RETURNS trigger AS $$
DECLARE
    place integer;
    named boolean;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'rows of % are deleted in READ COMMITTED only', TG_TABLE_NAME;
    END IF;
    FOR place IN 0 .. TG_NARGS - 1 BY 2 LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE %I = $1)',
                       TG_ARGV[place], TG_ARGV[place + 1]) INTO named USING OLD.id;
        IF named THEN
            RAISE EXCEPTION '% % is still named by %', TG_TABLE_NAME, OLD.id, TG_ARGV[place]
                USING ERRCODE = 'foreign_key_violation';
        END IF;
    END LOOP;
    RETURN NULL;
END
$$ LANGUAGE plpgsql;
"""
_NAMED_OF = """
CREATE CONSTRAINT TRIGGER stays_while_it_is_named AFTER DELETE ON {table}
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
EXECUTE FUNCTION payments_stays_while_it_is_named({by});

CREATE CONSTRAINT TRIGGER keeps_what_it_is_named_by AFTER UPDATE OF {columns} ON {table}
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (({old}) IS DISTINCT FROM ({new}))
EXECUTE FUNCTION payments_stays_while_it_is_named({by});
"""


def create(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    words = [_NAMED]
    for table, missing in _MISSING.items():
        names = ", ".join(f"'{name}'" for name in _COLUMNS[table])
        checks = "".join(
            _CHECK.format(table=table, what=what, missing=sql) for what, sql in missing.items()
        )
        words += [
            _DROP.format(table=table, columns=names),
            _WRITTEN.format(table=table, checks=checks),
        ]
    for table, (columns, names) in _NAMED_BY.items():
        by = [(child, name) for child in _COLUMNS for name in names if name in _COLUMNS[child]]
        listed = columns.split(", ")
        words.append(
            _NAMED_OF.format(
                table=table,
                columns=columns,
                old=", ".join(f"OLD.{column}" for column in listed),
                new=", ".join(f"NEW.{column}" for column in listed),
                by=", ".join(f"{child}, {name}" for child, name in by),
            )
        )
    for sql in words:
        schema_editor.execute(sql, params=None)  # a % in it is its own


class Migration(migrations.Migration):
    dependencies = [("payments", "0003_fewer_indexes_on_payments")]

    operations = [migrations.RunPython(create)]
