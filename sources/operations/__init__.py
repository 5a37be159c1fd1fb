"""
A file comes in, is read by a worker, waits for a person where something is open, and its lines go
to the app above that makes journals of them (`sources.destinations`).

    waiting -> reading -> refused
                 |  |---> needs_columns, needs_company -> waiting
                 |        needs_company, needs_run, needs_confirmation -> (the next, or)
                 +------> imported | unchanged | changed -> imported | discarded

The bytes may name people. They are deleted as soon as the file is read to its end, its company
is known, or it is refused; what waits after that are lines in which no person is named. How a file
is read may depend on its company, so a file whose company must be chosen is read again then.
"""
