"""
The rules of payments: functions over frozen dataclasses. No Django, no I/O, no clock.

    kid              the payer's reference and its check digit
    matching         which invoice a payment settles, and why one is left to a person
    open_amounts     what is open on an invoice, from its events
    states           where a registration in the target stands
    references       the names under which payments stand in the target
    reconciling      what is open on three sides, and why they differ
    refusals         why the hub itself says no, in the user's words
"""
