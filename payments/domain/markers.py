"""Why a column cannot be the marker of payments, in words, by the code that a source gives."""

from connectors.words import gettext_noop as _

TROUBLE = {
    "marker_is_no_column": _(
        "{column} is no name of a column. Write it as Visma has it, for instance "
        "Office_PaymentRead; a column of whole numbers ends with :integer."
    ),
    "marker_is_used_by_visma": _(
        "The column {column} is used by Visma itself and cannot be the marker. Choose another."
    ),
    "marker_value_missing": _(
        "Something has to be written into {column}: fill in what is written into it."
    ),
    "marker_value_is_no_number": _(
        "{column} holds whole numbers, and {value} is none. Write for instance 1."
    ),
    "marker_value_too_long": _(
        "{value} is longer than {column} can hold. Write something shorter."
    ),
    "marker_holds_text": _("The column {column} holds text. Choose it without :integer."),
    "marker_holds_numbers": _(
        "The column {column} holds whole numbers. Choose it as {column}:integer."
    ),
    "marker_wrong_type": _(
        "The column {column} holds neither text nor whole numbers and cannot be the marker."
    ),
}
