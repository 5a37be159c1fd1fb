"""Why a column cannot be the marker of payments, in words, by the code that a source gives."""

from connectors.words import gettext_noop as _

TROUBLE = {
    "marker_is_no_column": _(
        "{column} is not a column name. Write it as in Visma, for example Office_PaymentRead; "
        "a column of whole numbers ends with :integer."
    ),
    "marker_is_used_by_visma": _(
        "The column {column} is used by Visma itself and cannot be the marker. Choose another."
    ),
    "marker_value_missing": _("{column} needs a value: enter what is to be written to it."),
    "marker_value_is_no_number": _(
        "{column} contains whole numbers, and {value} is not one. Enter for example 1."
    ),
    "marker_value_too_long": _("{value} is too long for {column}. Enter something shorter."),
    "marker_holds_text": _("The column {column} contains text. Choose it without :integer."),
    "marker_holds_numbers": _(
        "The column {column} contains whole numbers. Choose it as {column}:integer."
    ),
    "marker_wrong_type": _(
        "The column {column} contains neither text nor whole numbers and cannot be the marker."
    ),
}
