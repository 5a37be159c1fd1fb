"""The words of each finding of the set-up check, by its code; sources only give the codes."""

from connectors.words import gettext_noop as _
from payments.rules.markers import TROUBLE

FINDINGS = {
    # --- The company
    "company_found": _("The company is {name}, organisation number {organisation}."),
    "company_not_found": _("The company was not found in Visma."),
    "company_not_opened": _(
        "Visma does not let the hub into this company. Someone with the role System supervisor "
        "adds it in Connect Application Access. Visma says: {detail}"
    ),
    "organisation_number_missing": _(
        "{name} has no organisation number that the hub can read. Without it nothing is "
        "fetched, so that one client's payments never end up with another."
    ),
    # --- Tables and columns
    "model_not_readable": _("The list of tables cannot be read; nothing depends on it. {detail}"),
    "table_missing": _("The table {table} is not in the list of tables."),
    "columns_missing": _("These columns are needed for payments but are missing: {columns}."),
    "kid_column": _("The KID is read from the column {column}."),
    "kid_missing": _(
        "No column with the KID was found. Payments are matched by invoice number; the operator "
        "can name the column in the settings."
    ),
    "origin_column": _(
        "Where a row comes from (write-off, compression) is read from the column {column}."
    ),
    "origin_missing": _(
        "No column says where a row comes from. Choose voucher types that hold payments only: "
        "no write-offs, corrections or compression."
    ),
    "currency_column": _("The currency is read from the column {column}."),
    "currency_missing": _(
        "No column with the currency was found. Payments in another currency need a decision."
    ),
    "no_control_sum": _("Visma counts the payments here and does not add them up."),
    "sign_of_amounts": _("How amounts show debit and credit was detected from the rows: {sign}."),
    "sign_unclear": _(
        "It is unclear how amounts show debit and credit. Compare some payments; then the "
        "operator sets VISMA_BUSINESS_SIGN."
    ),
    # --- Voucher types
    "payment_types_proposed": _(
        "Voucher types that do not affect the turnover ({column}): {types}. Remove those that "
        "are not payments."
    ),
    "turnover_flag_missing": _(
        "It is not known which voucher types affect the turnover, so none is suggested. Choose "
        "them."
    ),
    "voucher_types_missing": _("The voucher types cannot be read. Enter their numbers."),
    # --- Credit block
    "credit_block_readable": _("Credit blocks can be read."),
    "credit_block_missing": _("Visma shows no credit blocks here; they cannot be mirrored."),
    # --- PowerOffice Go
    "target_company_found": _(
        "In PowerOffice Go the account belongs to {name}. No organisation number is shown "
        "there: make sure that it is the right company."
    ),
    "privilege_missing": _("The privilege {privilege} is missing in PowerOffice Go."),
    "privilege_without_module": _(
        "The privilege {privilege} is granted, but the company lacks the module that it belongs to."
    ),
    "privilege_to_reverse_missing": _(
        "The privilege {privilege} is missing in PowerOffice Go. Payments are registered "
        "without it; a payment removed from its invoice cannot be reversed there by the hub, "
        "and waits."
    ),
    "account_unusable": _(
        "The clearing account {account} does not exist in PowerOffice Go, or cannot be posted to."
    ),
    "account_is_control": _(
        "The clearing account {account} is a control account in PowerOffice Go: nothing can be "
        "posted to it directly. Choose a separate account."
    ),
    "vat_code_missing": _("VAT code 0 does not exist in PowerOffice Go."),
    "lock_date": _("PowerOffice Go is locked up to and including {locked}."),
    # --- The marker
    "marker_works": _("The marker {column} can be read and written."),
    "marker_writable": _("The field {marker} can be read and written."),
    "marker_not_readable": _(
        "The marker {column} cannot be read. Payments are fetched without it. {detail}"
    ),
    "marker_not_writable": _(
        "The marker {column} cannot be written. Payments are fetched but not marked. {detail}"
    ),
    **TROUBLE,
    "no_updates": _(
        "This company's schema does not allow postings to be changed: nothing is marked."
    ),
    "write_back_off": _(
        "Nothing is written to the database, so {column} is unchanged. The hub's own record of "
        "what it fetched is enough."
    ),
}

# Why a payment was not marked, where it is not in the vendor's own words.
MARK_REASONS = {
    "no_marker": _("No marker is chosen."),
    "write_back_off": _("Nothing is written to this database."),
    "marker_is_used_by_visma": _("Visma itself uses that column."),
    **dict.fromkeys(
        set(TROUBLE) - {"marker_is_used_by_visma"},
        _("The marker cannot hold the mark. Press Check in the settings of the invoice client."),
    ),
    "not_found": _("Visma no longer has this posting; it may have been compressed."),
    "not_unique": _("Visma has several postings with this key."),
    "fault_of_the_hub": _(
        "The hub stopped at it because of an internal error; the log shows the cause."
    ),
    "no_answer": _("Visma did not report the result."),
    "nothing_came_back": _("Visma did not answer."),
    "affected_rows_0": _("Visma no longer has this posting; it may have been compressed."),
}
