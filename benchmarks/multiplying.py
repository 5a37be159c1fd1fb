"""
More rows of each kind out of those that are there, written by the database itself.

100,000 rows of each kind take twelve seconds of processor this way, and minutes by way of Django.
"""

from typing import Any

# What tells a copy from its pattern; the other columns are the pattern's. `{n}` is its number,
# which begins above every id, so that a copy finds the copies of its neighbours by it.
_OWN: dict[str, dict[str, str]] = {
    "organisations_debtor": {"number": "'X' || {n}", "name": "'Debtor ' || {n}"},
    "organisations_company": {"number": "'X' || {n}", "name": "'Company ' || {n}"},
    "organisations_user": {"email": "'q' || {n} || '@office.example'", "name": "'Person ' || {n}"},
    "organisations_membership": {"user_id": "{n}"},
    "accounts_connection": {"tenant_id": "'t' || {n}", "name": "'user' || {n}"},
    "mappings_mapping": {"company_id": "{n}", "connection_id": "{n}"},
    "organisations_auditentry": {},
    "journals_journal": {"reference": "'LON-X' || {n}", "run": "'X' || {n}"},
    "journals_batch": {"key": "'x' || {n}", "journal_id": "{n}"},
    "journals_importedfile": {"sha256": "'x' || {n}"},
    "journals_comparison": {},
    "journals_finding": {},
    "payments_invoiceclient": {"number": "'X' || {n}", "name": "'Client ' || {n}"},
    "payments_fetchentry": {"client_id": "{n}"},
    "payments_customer": {"number": "'X' || {n}", "name": "'Customer ' || {n}"},
    "payments_invoice": {"number": "'X' || {n}"},
    "payments_payment": {"journal_number": "{n}"},
    "payments_settlement": {"payment_id": "{n}", "invoice_id": "{n}"},
    "payments_skippedrow": {},
    "payments_fetchrun": {},
    "payments_reconciliationline": {"invoice_id": "{n}"},
    "payments_timeentry": {},
    "payments_apitoken": {"name": "'Token X' || {n}", "digest": "'x' || {n}"},
}
_HALF = {"payments_settlement"}  # as `fill`: every other payment stands on an invoice
_ABOVE = 1_000_000
_FIRST = 10
"""The first rows of a table are the ones that pages are about; copies are not made of them."""


def multiply(*, from_rows: int, to_rows: int) -> None:
    """Copy the rows of each kind, of which there are some, until there are so many; SQLite only."""
    from django.db import connection

    copies = to_rows - from_rows
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA foreign_keys = OFF")  # a copy may come before what it hangs on
        for table, own in _OWN.items():
            cursor.execute(_statement(cursor, table, own, copies, patterns=from_rows // 4))
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA foreign_key_check")
        if cursor.fetchone():
            raise LookupError("a copied row hangs on a row that is not there")


def _statement(cursor: Any, table: str, own: dict[str, str], copies: int, *, patterns: int) -> str:
    from django.db import connection

    names = [each.name for each in connection.introspection.get_table_description(cursor, table)]
    cursor.execute(f"SELECT min(id) FROM {table}")
    (first,) = cursor.fetchone()
    number = f"({_ABOVE} + i)"
    values = [
        number if name == "id" else own[name].format(n=number) if name in own else f't."{name}"'
        for name in names
    ]
    columns = ", ".join(f'"{name}"' for name in names)
    return (
        f"INSERT INTO {table} ({columns}) "
        f"WITH RECURSIVE copy(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM copy WHERE i < {copies}) "
        f"SELECT {', '.join(values)} FROM copy "
        f"JOIN {table} t ON t.id = {first + _FIRST} + i % {patterns} "
        f"WHERE {'i % 2 = 1' if table in _HALF else 'true'}"
    )
