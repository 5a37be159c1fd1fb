"""
The rules of journals: functions over frozen dataclasses. No Django, no clock, no I/O.

    comparing             two readings of the same run, line by line
    planning, posting     what will be posted, in which period, with which dimensions
    preflight             what would stop it, before any call that writes
    proving               is what the ledger holds what we sent
"""
